"""Several scanners about one mail: what any of them finds counts, and silence is no answer."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from gateway.scanners.panel import Asking, Panel, Report, Ruling
from gateway.scanners.scanner import Why
from gateway.scanners.settings import ScannerSettings
from tests.scanners import (
    EICAR,
    SIGNATURE,
    Icap,
    crooked,
    icap_scanner,
    looked,
    panel,
    scanner,
    unchanged,
)
from vault.errors import StoreUnavailable

MAIL = b"Subject: x\r\n\r\nGood morning\r\n"
BAD = b"Subject: x\r\n\r\n" + EICAR
NOBODY = "127.0.0.1:9"


def ask(asked: Panel, mail: bytes = MAIL) -> Report:
    return asked.begin(lambda: [mail], len(mail)).report.result(20)


def never(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_nobody_asked_is_clean() -> None:
    with panel() as asked:
        assert ask(asked, BAD).ruling is Ruling.FREE


def test_whoever_finds_something_is_believed() -> None:
    with (
        crooked(Icap(looked)) as good,
        crooked(Icap(unchanged)) as blind,
        panel(blind=icap_scanner(blind), good=icap_scanner(good)) as asked,
    ):
        assert ask(asked) == Report(Ruling.FREE)
        report = ask(asked, BAD)
    assert report == Report(Ruling.INFECTED, f"{SIGNATURE} (good)")


def test_a_find_does_not_wait_for_the_others() -> None:
    with crooked(Icap(looked)) as good, crooked(never) as slow:
        with panel(slow=icap_scanner(slow), good=icap_scanner(good)) as asked:
            began = time.monotonic()
            assert ask(asked, BAD).ruling is Ruling.INFECTED
            assert time.monotonic() - began < 2
        assert time.monotonic() - began < 3  # and the slow one is let go


@pytest.mark.parametrize(
    ("settings", "ruling"),
    [
        ({}, Ruling.REFUSE_FOR_NOW),
        ({"when_unavailable": "seal"}, Ruling.SEAL),
        ({"when_unavailable": "pass"}, Ruling.FREE),
    ],
    ids=str,
)
def test_one_that_is_down_is_never_counted_as_clean(
    settings: dict[str, str], ruling: Ruling
) -> None:
    with (
        crooked(Icap(looked)) as good,
        panel(good=icap_scanner(good), down=scanner(NOBODY, **settings)) as asked,
    ):
        assert ask(asked) == Report(ruling, missed={"down": Why.DOWN})
        assert ask(asked, BAD).ruling is Ruling.INFECTED


@pytest.mark.parametrize(
    ("settings", "ruling"),
    [
        ({}, Ruling.REFUSE),
        ({"when_too_large": "seal"}, Ruling.SEAL),
        ({"when_too_large": "pass"}, Ruling.FREE),
    ],
    ids=str,
)
def test_what_is_too_large_is_not_sent_there(settings: dict[str, str], ruling: Ruling) -> None:
    server = Icap(looked)
    with (
        crooked(server) as address,
        panel(good=icap_scanner(address, max_size=1024, **settings)) as asked,
    ):
        assert ask(asked, MAIL * 100) == Report(ruling, missed={"good": Why.TOO_LARGE})
        assert ask(asked).ruling is Ruling.FREE
    assert len(server.bodies) == 1


def test_the_strictest_ruling_holds() -> None:
    down, sealing = scanner(NOBODY), scanner(NOBODY, when_unavailable="seal")
    with panel(a=sealing, b=down, c=sealing) as asked:
        report = ask(asked)
    assert report.ruling is Ruling.REFUSE_FOR_NOW
    assert set(report.missed) == {"a", "b", "c"}


def test_a_scanner_is_given_no_more_than_it_takes() -> None:
    busy, most, lock = [0], [0], threading.Lock()

    def slowly(_: Icap, http: bytes, body: bytes) -> bytes:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.05)
        with lock:
            busy[0] -= 1
        return b"ICAP/1.0 204 OK\r\n\r\n"

    with (
        crooked(Icap(slowly)) as address,
        panel(one=icap_scanner(address, at_once=3)) as asked,
    ):
        asking = [asked.begin(lambda: [MAIL], len(MAIL)) for _ in range(12)]
        assert all(one.report.result(10).ruling is Ruling.FREE for one in asking)
    assert most[0] == 3


def test_waiting_for_a_turn_counts_as_waiting() -> None:
    with (
        crooked(never) as address,
        panel(one=icap_scanner(address, at_once=1, timeout=0.5)) as asked,
    ):
        began = time.monotonic()
        asking = [asked.begin(lambda: [MAIL], len(MAIL)) for _ in range(5)]
        reports = [one.report.result(10) for one in asking]
        assert time.monotonic() - began < 1.5
    assert {report.missed["one"] for report in reports} == {Why.SLOW}


def test_a_mail_that_cannot_be_read_is_not_clean() -> None:
    def broken() -> Iterator[bytes]:
        yield MAIL
        raise StoreUnavailable("the disk")

    with crooked(Icap(looked)) as address, panel(one=icap_scanner(address)) as asked:
        asking: Asking = asked.begin(broken, 1000)
        assert asking.report.result(10).ruling is Ruling.REFUSE_FOR_NOW


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "clamd"},
        {"address": "127.0.0.1:0"},
        {"address": "127.0.0.1:99999"},
        {"kind": "icap", "service": "x"},  # the default address is a path
        {"kind": "icap", "address": "127.0.0.1:1344"},
        {"kind": "clamd", "service": "x"},
        {"kind": "icap", "address": "127.0.0.1:1344", "service": "a b\r\n"},
        {"when_unavailable": "ignore"},
        {"timeout": 0},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ScannerSettings.model_validate(wrong)


def test_settings_that_work() -> None:
    for good in (
        {},
        {"address": "[::1]:3310"},
        {"kind": "icap", "address": "av.example:1344", "service": "/avscan?mode=a"},
    ):
        ScannerSettings.model_validate(good)
