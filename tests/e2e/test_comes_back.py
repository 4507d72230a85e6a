"""A notice that a real mail server takes and cannot deliver: the report finds its way back.

The next hop is a Postfix that passes mail for the bounce address on to the trusted port, as the
page for administrators says. The world behind it knows no such person, so Postfix writes the
report.
"""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.machine import free_port
from tests.e2e.postfix import Postfix
from tests.e2e.stage import DOMAIN, SENDER, Stage, mail
from tests.sink import Sink

PAT, GHOST = "pat@solicitors.example", "ghost@solicitors.example"
BACK = f"secure.{DOMAIN}"
SETTINGS = f'\n[bounces]\naddress = "bounces@{BACK}"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        sink.script.recipients[GHOST] = "550 5.1.1 No such person at this firm"
        yield sink


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(world: Sink, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    port = free_port()
    folder = tmp_path_factory.mktemp("stage") / "node"
    async with Stage(folder, next_hop_port=port, notices=SETTINGS) as stage:
        there = f"smtp:[127.0.0.1]:{stage.ports['trusted']}"
        route = f"transport_maps = inline:{{ {{ {BACK} = {there} }} }}"
        boxes = (SENDER,)
        hop = Postfix(world.port, domains=(DOMAIN,), mailboxes=boxes, more=route, port=port)
        async with hop:
            unused, stage.sink = stage.sink, world
            yield stage
            stage.sink = unused


async def test_a_report_of_a_real_server_reaches_the_senders_page(stage: Stage) -> None:
    sent = mail(f"{PAT}, {GHOST}", "[secure] Tenancy at 14 Mill Lane", "The hearing is in room 4.")
    await stage.submit(sent, [PAT, GHOST])
    await stage.wait_until(lambda: returned(stage), seconds=90)
    (line,) = returned(stage)
    assert (line["outcome"], line["enhanced"], line["recorded"]) == ("failed", "5.1.1", True)
    path = next(mail.sender for mail in stage.sink.mails if mail.recipients == (PAT,))
    assert re.fullmatch(rf"bounces\+[0-9a-z]{{17,28}}@{re.escape(BACK)}", path)
    assert path.partition("+")[2].partition("@")[0] not in stage.log_path.read_text()
    doctor = stage.command("doctor", check=False)
    assert f"reports for bounces@{BACK} are taken and known by their token" in " ".join(
        doctor.split()
    )
    said = stage.command("queue", "list")
    assert "Mill Lane" not in said

    await stage.wait_until(lambda: told(stage), seconds=60)
    assert len(told(stage)) == 1


def returned(stage: Stage) -> list[dict[str, object]]:
    return [one for one in stage.logged() if one.get("event") == "notice.returned"]


def told(stage: Stage) -> list[dict[str, object]]:
    sent = (one for one in stage.logged() if one.get("event") == "outbox.sent")
    return [one for one in sent if one["kind"] == "bounce"]
