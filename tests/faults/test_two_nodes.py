"""Two nodes of real processes on one PostgreSQL: either does for the other, also when one dies.

A whole node (its supervisor and all it started) is killed with signal 9 under load, while mails are
in its hands. What it answered 250 must be delivered, or told of and opened from the other node.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from functools import partial
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.e2e.machine import until
from tests.e2e.reconcile import Findings, notices_in, reconcile
from tests.e2e.slow_line import slow_line
from tests.e2e.stage import SENDER, Stage, mail
from tests.e2e.traffic import SECONDS, Mail, Record, Senders, make_mails
from tests.faults.conftest import WHOLE, in_memory, sample
from tests.faults.opened import GRANTS, opened_at, packages_in
from tests.faults.pair import LEASE, Held, Pair, can_s3, pair
from tests.sink import Caught

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEED = 5
MAILS = sample(24, 1200)
KILLS = sample(1, 6)
SENDERS = 2  # at each node
PATIENCE = 240.0
AT_ONCE = 8  # mails that a deliverer sends at the same time
PAT = "pat@solicitors.example"
MIB = 1 << 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes() -> AsyncIterator[Pair]:
    with in_memory() as folder:
        async with pair(folder, in_s3=WHOLE and can_s3()) as both:
            yield both


def page_of(link: str) -> str:
    return urlsplit(link).path


async def test_one_seals_and_the_other_signs_in_opens_and_answers(nodes: Pair) -> None:
    first, second = nodes.first, nodes.second
    message = mail(PAT, "[secure] Draft order", "The hearing is in room four.")
    assert (await first.submit(message, [PAT])).code == 250
    path = page_of(await first.link_for(PAT))
    async with await first.visitor() as visitor:
        code = await first.code_for(PAT, lambda: visitor.ask_code(PAT))
        at_the_first = visitor.base
        visitor.go_to(f"https://localhost:{second.web_port}")
        await visitor.give_code(code)
        page = await visitor.get(path)
        assert "Draft order" in page.text
        assert "The hearing is in room four." in (await visitor.get(page.frames[0])).text
        form = await visitor.get(f"{path}/reply")
        sent = await visitor.submit(
            form, "/reply", message="Thank you, agreed.", files=("notes.txt", b"my notes")
        )
        assert sent.status == 200
        visitor.go_to(at_the_first)
        assert (await visitor.get(path)).status == 200, "a session counts on every node"
    await first.mails_to(SENDER, where=lambda mail: b"Thank you, agreed." in mail.content)


@pytest.mark.parametrize("way", ["first", "second"] if WHOLE else ["first"])
async def test_a_download_from_one_is_cut_within_a_second_of_the_others_revoking(
    nodes: Pair, way: str
) -> None:
    reading = nodes.first if way == "first" else nodes.second
    to = f"{way}.{PAT}"
    message = mail(to, "[secure] Recording")
    noise = random.Random(1).randbytes(8 * MIB)
    message.add_attachment(noise, maintype="audio", subtype="wav", filename="hearing.wav")
    assert (await reading.submit(message, [to])).code == 250
    path = page_of(await reading.link_for(to))
    async with (
        slow_line(MIB) as line,
        await reading.sign_in(to) as reader,
        await nodes.other(reading).sign_in(SENDER) as sender,
    ):
        whole = asyncio.create_task(reader.read_all(f"{path}/original.eml", line.url))
        await reading.wait_until(lambda: line.busiest().size > MIB, 60)
        page = await sender.get(path.replace("/p/", "/sent/"))
        assert (await sender.submit(page, "/revoke")).status == 200
        revoked, flow = time.monotonic(), line.busiest()
        await asyncio.wait_for(flow.is_over.wait(), 60)
        assert flow.size < len(noise)
        assert flow.is_reset, "the download ended as if it were complete"
        assert flow.last - revoked < 1, "bytes still came"
        assert not await whole


@dataclass
class Run:
    """Load on two nodes, of which one after the other is killed, and what there is afterwards."""

    nodes: Pair
    mails: list[Mail]
    kills: int = KILLS
    record: Record = field(default_factory=Record)
    held: list[Held] = field(default_factory=list)  # what was in the hands of those killed
    takeovers: list[float] = field(default_factory=list)  # seconds

    async def go(self) -> None:
        """Send everything, killing on the way; ends when all has been answered and sent."""
        sink = self.nodes.first.sink
        sink.mails.clear()
        self._senders = {
            id(node): Senders(node, self.mails[half::2], SENDERS)
            for half, node in enumerate((self.nodes.first, self.nodes.second))
        }
        for senders in self._senders.values():
            senders.record = self.record
            senders.start()
        for turn in range(self.kills):
            await until(partial(self._has_come, self._goal(turn)), SECONDS)
            victim = (self.nodes.first, self.nodes.second)[turn % 2]
            await self.kill(victim)
            if turn + 1 < self.kills:
                if turn % 2:  # once it comes back in time, once it comes too late
                    await self._taken_over(victim)
                await victim.start()
                self._senders[id(victim)].move(victim)
            else:
                await self._taken_over(victim)
        await until(lambda: not self._working(), SECONDS)
        await self.nodes.nothing_waits(PATIENCE)

    @property
    def survivor(self) -> Stage:
        """The node that was not the last to be killed."""
        return (self.nodes.second, self.nodes.first)[(self.kills - 1) % 2]

    async def kill(self, victim: Stage) -> None:
        """Kill a node with signal 9 while it has mails in hand; its clients go to the other."""
        sink = self.nodes.first.sink
        sink.script.delay["dot"] = 1.0
        await until(lambda: self.nodes.held_by(victim) or not self._working(), PATIENCE)
        await victim.crash()
        self.held += self.nodes.held_by(victim)
        for senders in self._senders.values():
            senders.move(self.nodes.other(victim))
        sink.script.delay["dot"] = 0.02

    async def _taken_over(self, victim: Stage) -> None:
        begun = time.monotonic()
        await until(lambda: not self.nodes.held_by(victim), PATIENCE)
        self.takeovers.append(time.monotonic() - begun)

    def _goal(self, turn: int) -> int:
        return int(len(self.mails) * (turn + 0.4) / (self.kills + 0.2))

    def _has_come(self, goal: int) -> bool:
        return len(self.record.acknowledged) >= goal or not self._working()

    def _working(self) -> bool:
        return any(senders.working for senders in self._senders.values())

    def findings(self, opened: dict[str, bytes]) -> Findings:
        """Compare what was answered with what came out and with what opens."""
        packages = packages_in(self.nodes.ask, opened, without=(PAT, SENDER))
        caught = self.nodes.first.sink.mails
        return reconcile(self.mails, self.record.acknowledged, caught, packages)


def counted(caught: Iterable[Caught]) -> Counter[tuple[str, str]]:
    """How often each recipient was told of each package."""
    return Counter((notice.to, notice.package_id) for one in caught for notice in notices_in([one]))


def message_ids(caught: Iterable[Caught]) -> dict[tuple[str, str], set[str]]:
    """The Message-IDs under which each recipient was told of each package."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in caught:
        for notice in notices_in([one]):
            name = str(BytesHeaderParser().parsebytes(one.content)["Message-ID"])
            found.setdefault((notice.to, notice.package_id), set()).add(name)
    return found


async def test_a_node_that_is_killed_under_load_loses_nothing(
    nodes: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(nodes, make_mails(SEED, MAILS, largest=60_000))
    await run.go()
    caught = nodes.first.sink.mails
    opened = await opened_at(run.survivor, notices_in(caught))
    findings = run.findings(opened)
    with capsys.disabled():
        print(_figures(run, findings, len(opened)))
    assert len(run.record.acknowledged) == MAILS, "every mail got through in the end"
    assert findings.all == []
    assert run.held, "the node had nothing in hand: the kill proves nothing"
    _is_taken_over(run)
    _is_told_no_more_than_tried(run)
    _tells_nobody_else(run)
    assert findings.clear_duplicates <= KILLS * (2 * SENDERS * 5 + AT_ONCE)
    assert "Nothing is wrong" in run.survivor.command("audit", "verify")


def _is_taken_over(run: Run) -> None:
    """What the dead had in hand was claimed once more, and ended."""
    rows = {row[0]: row[1:] for row in run.nodes.ask("SELECT id, attempts, state FROM outbox")}
    for one in run.held:
        attempts, state = rows[one.id]
        assert state == "done"
        assert attempts > one.attempts


def _is_told_no_more_than_tried(run: Run) -> None:
    """A notice that was claimed once went out once; one of the dead, once more at most."""
    tried = {
        (to, package_id): attempts
        for to, package_id, attempts in run.nodes.ask(
            "SELECT address, package_id, attempts FROM outbox WHERE kind = 'notice'"
        )
    }
    told = counted(run.nodes.first.sink.mails)
    assert {whom: count for whom, count in told.items() if count > tried[whom]} == {}
    names = message_ids(run.nodes.first.sink.mails)
    assert {whom: found for whom, found in names.items() if len(found) != 1} == {}


def _tells_nobody_else(run: Run) -> None:
    granted = {(to, package_id) for package_id, to in run.nodes.ask(GRANTS)}
    assert set(counted(run.nodes.first.sink.mails)) <= granted


def _figures(run: Run, findings: Findings, opened: int) -> str:
    took = ", ".join(f"{seconds:.1f}" for seconds in run.takeovers)
    return f"""
    two nodes: {MAILS} mails from {2 * SENDERS} senders, {KILLS} nodes killed with \
{len(run.held)} mails in hand, taken over within {took} s (lease {LEASE} s)
    acknowledged {len(run.record.acknowledged)}, sent again {run.record.again} times; opened from \
the other node {opened}
    lost {len(findings.lost)}, changed {len(findings.corrupted)}, leaked {len(findings.leaked)}, \
not told {len(findings.not_told)}, sealed twice {len(findings.sealed_twice)}
    duplicates: {findings.clear_duplicates} clear copies, {findings.notice_duplicates} notices"""


# --- negative controls


@pytest.mark.skipif(not WHOLE, reason="a control of the whole proof: make test-faults")
async def test_a_node_that_answers_before_it_commits_is_seen() -> None:
    with in_memory() as folder:
        async with pair(folder, careless="early") as nodes:
            sealed = [one for one in make_mails(SEED, 120, largest=20_000) if not one.clear]
            # Of each, somebody hears before it is kept; but one kill may fall between two commits.
            run = Run(nodes, sealed, kills=2)
            await run.go()
            opened = await opened_at(run.survivor, notices_in(nodes.first.sink.mails))
            assert run.findings(opened).lost


@pytest.mark.skipif(not WHOLE, reason="a control of the whole proof: make test-faults")
async def test_leases_that_are_never_taken_over_are_seen() -> None:
    with in_memory() as folder:
        async with pair(folder, careless="hoarding") as nodes:
            run = Run(nodes, make_mails(SEED, 40, largest=20_000), kills=1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(PATIENCE / 2):
                    await run.go()
            assert run.held
            with pytest.raises(AssertionError):
                _is_taken_over(run)
