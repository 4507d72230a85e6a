"""Mail that goes in circles: our own next hop sends it back to us until somebody stops it."""

from pathlib import Path

import pytest

from gateway.pipeline.examination import MOST_HOPS
from tests.gateway.office import AMY, CAT, JANE, mail, office

HOP = "Received: from a.example ([192.0.2.1])\r\n\tby b.example with ESMTP id x;\r\n\tnow\r\n"


@pytest.mark.parametrize(("hops", "expected"), [(MOST_HOPS - 1, "250"), (MOST_HOPS, "554 5.4.6")])
async def test_a_mail_may_have_come_a_long_way_and_no_longer(
    hops: int, expected: str, tmp_path: Path
) -> None:
    async with office(tmp_path) as here:
        reply = await here.send(JANE, CAT, data=mail(to=CAT, extra=HOP * hops))
        assert reply.startswith(expected)


async def test_a_next_hop_that_sends_back_is_stopped(tmp_path: Path) -> None:
    """Each round adds our own line, whatever the other side does."""
    async with office(tmp_path) as here:
        content = mail(to=CAT, extra=HOP * (MOST_HOPS - 4))
        for _ in range(10):
            reply = await here.send(JANE, CAT, data=content, trusted=True)
            if not reply.startswith("250"):
                break
            content = here.sink.mails[-1].content
        assert reply.startswith("554 5.4.6")
        assert len(here.sink.mails) == 4


async def test_nobody_is_told_twice_of_a_loop(tmp_path: Path) -> None:
    """It is refused at the door: whoever brought it has it still, and we write nothing."""
    async with office(tmp_path) as here:
        await here.send(JANE, AMY, data=mail(extra=HOP * MOST_HOPS))
        assert here.kept["outbox"] == 0
