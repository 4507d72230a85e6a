"""Killed without warning: what was acknowledged is there, whole, and nothing is there in halves."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.vault.bench import ALICE, BOB, CAROL, HandClock, Keys, Safe
from tests.vault.lockup import Lockup
from tests.vault.test_deposit import LARGE, files
from vault.clock import utc_now
from vault.sending import outbox
from vault.settings import VaultSettings
from vault.storage.store import Store

KILLS = 6


def body(run: int, number: int) -> bytes:
    return (LARGE if number % 3 else b"") + b"mail %d of run %d" % (number, run)


def _send_for_ever(safe: Safe, run: int, told: int) -> None:
    """Deposit mail after mail, and acknowledge each on a pipe once `deposit` has returned."""
    number = 0
    while True:
        package_id = safe.package(BOB, queued=(CAROL,), body=body(run, number))
        os.write(told, f"{number} {package_id}\n".encode())
        number += 1


def _hold_and_release_for_ever(safe: Safe, run: int, told: int) -> None:
    """Hold mail after mail, release each, and acknowledge each release on a pipe."""
    lockup, number = Lockup(safe), 0
    while True:
        hold_id = lockup.hold(body(run, number), days=9999)  # by the clock on the wall
        lockup.release(hold_id, to=(CAROL,), body=body(run, number))
        os.write(told, f"{number} {hold_id}\n".encode())
        number += 1


def _kill_at_work(
    work: Callable[[Safe, int, int], None], folder: Path, keys: Keys, run: int
) -> dict[str, bytes]:
    """Return what was acknowledged before the kill: the body of each mail, by its identifier."""

    def run_it(told: int) -> None:
        work(Safe(Store(VaultSettings(folder=folder)), keys, HandClock()), run, told)

    hear, told = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=run_it, args=(told,))
    child.start()
    os.close(told)
    assert child.pid is not None
    with os.fdopen(hear, "rb") as lines:
        first = lines.readline()  # it is at work
        time.sleep(0.02 + 0.03 * run)
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        heard = [first, *lines.read().splitlines()]
    pairs = (line.decode().split() for line in heard)
    return {mail_id: body(run, int(number)) for number, mail_id in pairs}


@contextmanager
def _opened(folder: Path, keys: Keys) -> Iterator[Safe]:
    """Open what the killed ones left behind."""
    store = Store(VaultSettings(folder=folder), checkpoints=True, clock=utc_now)
    try:
        yield Safe(store, keys, HandClock())
    finally:
        store.close()


@pytest.mark.chaos
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, keys: Keys) -> None:
    folder, acknowledged = tmp_path / "data", {}
    for run in range(KILLS):
        acknowledged.update(_kill_at_work(_send_for_ever, folder, keys, run))
    assert len(acknowledged) >= KILLS
    with _opened(folder, keys) as safe:
        packages = {row.id for row in safe.rows("packages")}
        assert packages >= acknowledged.keys()
        assert len(packages) <= len(acknowledged) + KILLS  # one a kill may be unacknowledged
        for package_id, expected in acknowledged.items():
            assert safe.open(BOB, package_id) == expected
        for package_id in packages:
            assert safe.open(ALICE, package_id)
        whole = {(i, kind) for i in packages for kind in ("notice", "relay")}
        assert {(row.package_id, row.kind) for row in safe.rows("outbox")} == whole
        assert {row.package_id for row in safe.rows("grants")} == packages
        assert {row.package_id for row in safe.rows("receipts")} == packages
        named = {row.place for row in safe.rows("contents") if row.place}
        assert named <= set(files(safe))
        assert outbox.backlog(safe.store).queued == len(whole)


@pytest.mark.chaos
def test_what_was_held_is_sent_once_or_held_still_after_a_kill(tmp_path: Path, keys: Keys) -> None:
    folder, released = tmp_path / "data", {}
    for run in range(KILLS):
        released.update(_kill_at_work(_hold_and_release_for_ever, folder, keys, run))
    assert len(released) >= KILLS
    with _opened(folder, keys) as safe:
        holds = {row.id: row for row in safe.rows("holds")}
        assert {row.state for row in holds.values()} <= {"held", "released"}
        assert all(holds[hold_id].state == "released" for hold_id in released)
        sent = [row for row in holds.values() if row.state == "released"]
        assert len(sent) <= len(released) + KILLS  # one a kill may be unacknowledged
        once = Counter(row.package_id for row in sent)
        assert set(once.values()) == {1}
        assert {row.id for row in safe.rows("packages")} == once.keys()
        assert Counter(row.package_id for row in safe.rows("grants")) == once
        rows = Counter((row.package_id, row.kind) for row in safe.rows("outbox"))
        assert rows == Counter(
            {
                (None, "held"): len(holds),
                **{(package_id, kind): 1 for package_id in once for kind in ("notice", "relay")},
            }
        )
        for row in sent:
            assert safe.open(CAROL, row.package_id)
        contents = {row.id for row in safe.rows("contents")}
        waiting = {row.id for row in holds.values() if row.state == "held"}
        assert contents == waiting | once.keys()
        named = {row.place for row in safe.rows("contents") if row.place}
        assert named <= set(files(safe))
