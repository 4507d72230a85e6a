"""What people write to the addresses of our notices is looked at before anybody gets it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.scanners.settings import ScannerSettings
from tests.gateway.office import AMY, captured
from tests.gateway.scanners.test_scanning import NAMED, NOBODY, REFUSED, events
from tests.gateway.test_returns import POST, SENDER, back, receiving, sample
from tests.scanners import EICAR, clamd, panel, scanner
from vault.trail.audit import Act

WRITTEN = sample("person-answers")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with clamd() as found:
        yield found


async def test_malware_reaches_no_mailbox(tmp_path: Path, address: str) -> None:
    with panel(clamav=scanner(address)) as asked, captured() as entries:
        async with receiving(tmp_path, forward_to=POST, panel=asked) as here:
            reply = await back(here, AMY, SENDER, WRITTEN + EICAR + b"\r\n")
            assert reply.startswith(REFUSED)
            assert here.queue() == []
            assert here.files == []
            assert events(here) == [(Act.MALWARE_FOUND, AMY, POST, NAMED)]
            assert (await back(here, AMY, SENDER, WRITTEN)).startswith("250 2.0.0 Queued")
            (copy,) = here.queue()
            assert str(copy.to) == POST
    assert "notice.answer_infected" in {entry["event"] for entry in entries}
    assert "EICAR" not in repr(entries)


async def test_a_bounce_that_is_none_is_looked_at_too(tmp_path: Path, address: str) -> None:
    with panel(clamav=scanner(address)) as asked:
        async with receiving(tmp_path, forward_to=POST, panel=asked) as here:
            mail = b"From: x@y.example\r\nSubject: Hello\r\n\r\n" + EICAR + b"\r\n"
            assert (await back(here, "", SENDER, mail)).startswith(REFUSED)
            assert events(here) == [(Act.MALWARE_FOUND, "", POST, NAMED)]


@pytest.mark.parametrize(
    ("settings", "reply"),
    [
        (scanner(NOBODY), "451 4.7.0"),
        (scanner(NOBODY, when_unavailable="seal"), "451 4.7.0"),
        (scanner(NOBODY, max_size=1024), "552 5.3.4"),
        (scanner(NOBODY, max_size=1024, when_too_large="seal"), "552 5.3.4"),
    ],
)
async def test_what_nobody_could_look_at_is_refused(
    tmp_path: Path, settings: ScannerSettings, reply: str
) -> None:
    """There is no sealing for it."""
    with panel(clamav=settings) as asked:
        async with receiving(tmp_path, forward_to=POST, panel=asked) as here:
            long = WRITTEN + b"Regards\r\n" * 200
            assert (await back(here, AMY, SENDER, long)).startswith(reply)
            assert here.queue() == []
            assert here.files == []


async def test_unless_the_settings_let_it_pass(tmp_path: Path) -> None:
    with panel(clamav=scanner(NOBODY, when_unavailable="pass")) as asked:
        async with receiving(tmp_path, forward_to=POST, panel=asked) as here:
            assert (await back(here, AMY, SENDER, WRITTEN)).startswith("250 2.0.0 Queued")
            missed = [one for one in events(here) if one[0] == Act.SCAN_MISSED]
            assert missed == [(Act.SCAN_MISSED, "", POST, "clamav cannot be reached")]
