"""Hundreds of mails while processes are killed with signal 9: what was answered 250 is there.

The load does not wait for the kills, which come at chosen points of its progress: so they are
spread over the whole run, however fast the machine is. Everything that is chosen comes from a seed.
A run of another seed or size: CHAOS_SEED=7 CHAOS_MAILS=5000 CHAOS_KILLS=130 pytest
tests/e2e/test_chaos.py. `make test-faults` does twenty thousand mails and two hundred kills.
"""

import asyncio
import contextlib
import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.correspondent import Correspondent
from tests.e2e.machine import until
from tests.e2e.reconcile import (
    Findings,
    Notice,
    Package,
    notices_in,
    open_packages,
    reconcile,
    still_queued,
)
from tests.e2e.stage import SENDER, Stage
from tests.e2e.traffic import OUTSIDE, SECONDS, Mail, Record, Senders, make_mails

pytestmark = pytest.mark.chaos

SEED = int(os.environ.get("CHAOS_SEED", "1"))
MAILS = int(os.environ.get("CHAOS_MAILS", "1000"))
SENDERS = 6
AT_ONCE = 8  # mails that the deliverer sends at the same time, by default
SUPERVISOR, EVERYTHING = "the supervisor", "everything"
SHARES = {"smtp": 11, "deliver": 9, "web": 4, SUPERVISOR: 1, EVERYTHING: 1}
TURNS = max(1, round(int(os.environ.get("CHAOS_KILLS", "26")) / sum(SHARES.values())))
KILLS = {victim: share * TURNS for victim, share in SHARES.items()}
PATIENCE = max(120, MAILS / 20)  # seconds for what grows with the number of mails
NOT_NOW = "451 4.3.0 Not now"  # what the next hop says to some


@dataclass
class Aftermath:
    """What there is when it is over."""

    folder: Path  # the node's data, which no process has open
    mails: list[Mail]
    record: Record
    correspondent: Correspondent
    kills: Counter[str]
    signals: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    opened: dict[Notice, bytes] = field(default_factory=dict)  # digest of what the site gave
    packages: list[Package] = field(default_factory=list)

    def findings(self, packages: list[Package] | None = None) -> Findings:
        """Compare what senders were told with what is there, or with some other packages."""
        chosen = self.packages if packages is None else packages
        theirs = [package for package in chosen if package.author == SENDER]
        caught = self.correspondent.stage.sink.mails
        return reconcile(self.mails, self.record.acknowledged, caught, theirs)


class Killer:
    """Kills whenever the load has come as far as planned, and lets the next hop be busy then."""

    def __init__(self, stage: Stage, senders: Senders, dice: random.Random) -> None:
        self.kills: Counter[str] = Counter()
        self.signals = 0
        self._stage = stage
        self._senders = senders
        self._dice = dice
        victims = [victim for victim, count in KILLS.items() for _ in range(count)]
        dice.shuffle(victims)
        step = MAILS * 0.95 / len(victims)
        self._plan = [(int((turn + 0.5) * step), victim) for turn, victim in enumerate(victims)]

    async def run(self) -> None:
        """Carry the plan out."""
        for progress, victim in self._plan:
            await until(partial(self._has_come, progress), 300)
            await asyncio.sleep(self._dice.random() / 5)
            self._stage.sink.script.answers["dot"] = [NOT_NOW] * self._dice.randrange(3)
            await self._kill(victim)
            self.kills[victim] += 1

    def _has_come(self, goal: int) -> bool:
        return len(self._senders.record.acknowledged) >= goal or not self._senders.working

    async def _kill(self, victim: str) -> None:
        if victim in {SUPERVISOR, EVERYTHING}:
            self.signals += await self._stage.crash(everything=victim == EVERYTHING)
            await self._stage.start()
        else:
            await until(lambda: self._stage.kill(victim), 120)  # it may just be starting again
            self.signals += 1


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def aftermath(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Aftermath]:
    """The whole run, once for all tests: load with kills, quiet, reading, and a last crash."""
    async with Stage(tmp_path_factory.mktemp("chaos") / "node") as stage:
        after = await _load(stage)
        begun = time.monotonic()
        await until(lambda: not still_queued(after.folder), PATIENCE)
        after.seconds["until nothing waits"] = time.monotonic() - begun
        begun = time.monotonic()
        after.opened = await _open_all(stage)
        after.seconds["opening"] = time.monotonic() - begun
        await stage.crash()
        after.packages = await asyncio.to_thread(open_packages, after.folder)
        yield after


async def _load(stage: Stage) -> Aftermath:
    dice, mails = random.Random(SEED), make_mails(SEED, MAILS)
    senders = Senders(stage, mails, SENDERS)
    killer = Killer(stage, senders, dice)
    correspondent = Correspondent(stage, OUTSIDE[0], dice)
    async with await stage.sign_in(OUTSIDE[0]) as visitor:
        reading = asyncio.create_task(correspondent.run(visitor))
        begun = time.monotonic()
        senders.start()
        await killer.run()
        await until(lambda: not senders.working, SECONDS + 300 + PATIENCE)
        seconds = {"load": time.monotonic() - begun}
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
    folder = stage.folder / "vault"
    return Aftermath(
        folder, mails, senders.record, correspondent, killer.kills, killer.signals, seconds
    )


async def _open_all(stage: Stage) -> dict[Notice, bytes]:
    """Each sealed mail is opened by one of those who were told: the original, in the site."""
    opened: dict[Notice, bytes] = {}

    async def open_for(address: str) -> None:
        async with await stage.sign_in(address) as visitor:
            for notice in chosen.values():
                if notice.to == address:
                    page = await visitor.get(f"/p/{notice.package_id}/original.eml")
                    opened[notice] = sha256(page.body).digest()

    notices = sorted(notices_in(stage.sink.mails), key=lambda notice: notice.to)
    random.Random(SEED).shuffle(notices)
    chosen = {notice.package_id: notice for notice in notices}
    await asyncio.gather(*(open_for(address) for address in OUTSIDE))
    return opened


def test_what_was_answered_250_is_there_once_and_unchanged(
    aftermath: Aftermath, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = aftermath.findings()
    with capsys.disabled():
        print(_figures(aftermath, findings))
    assert findings.all == []
    assert aftermath.record.refused == {}
    assert aftermath.record.given_up == {}
    assert len(aftermath.record.acknowledged) == MAILS, "every mail got through in the end"
    assert aftermath.kills == KILLS
    # Only what was under way can have been sent twice, and a copy a recipient.
    most_copies = max(len(mail.clear) for mail in aftermath.mails)
    under_way = SENDERS * most_copies + AT_ONCE
    twice = findings.clear_duplicates + findings.notice_duplicates
    assert twice <= sum(KILLS.values()) * under_way


def _figures(aftermath: Aftermath, findings: Findings) -> str:
    kinds = Counter(mail.kind.value for mail in aftermath.mails)
    size = sum(len(mail.content) for mail in aftermath.mails)
    seconds = ", ".join(f"{name} {took:.0f} s" for name, took in aftermath.seconds.items())
    return f"""
    seed {SEED}: {MAILS} mails ({dict(kinds)}, {size / 1e6:.0f} MB) from {SENDERS} senders
    kills: {dict(aftermath.kills)}, {aftermath.signals} processes; {seconds}
    acknowledged {len(aftermath.record.acknowledged)}, sent again {aftermath.record.again} times; \
given up {len(aftermath.record.given_up)}
    longest pause {aftermath.record.longest_pause:.0f} s, slowest start \
{aftermath.correspondent.stage.slowest_start:.0f} s
    lost {len(findings.lost)}, changed {len(findings.corrupted)}, leaked {len(findings.leaked)}
    duplicates: {findings.clear_duplicates} clear copies, {findings.notice_duplicates} notices
    opened in the site {len(aftermath.opened)}; during the run {len(aftermath.correspondent.read)}
    answers {len(aftermath.correspondent.answers)}, pages asked for again \
{aftermath.correspondent.failures}"""


def test_whoever_follows_a_notice_finds_what_was_sent(aftermath: Aftermath) -> None:
    by_serial = {mail.serial: mail for mail in aftermath.mails}
    sent = {
        answer.reference: sha256(by_serial[serial].content).digest()
        for serial, answer in aftermath.record.acknowledged.items()
        if by_serial[serial].sealed
    }
    assert {one.reference: digest for one, digest in aftermath.opened.items()} == sent


def test_what_was_read_and_answered_meanwhile_was_right(aftermath: Aftermath) -> None:
    correspondent = aftermath.correspondent
    right = {notice.package_id: {digest} for notice, digest in aftermath.opened.items()}
    assert correspondent.read
    assert correspondent.answers
    assert {package: right[package] for package in correspondent.read} == correspondent.read
    assert correspondent.surprises == []
    assert correspondent.lost() == []


def test_nothing_is_left_over_in_the_outbox(aftermath: Aftermath) -> None:
    with closing(sqlite3.connect(aftermath.folder / "sealgate.sqlite")) as database:
        states = dict(database.execute("SELECT state, count(*) FROM outbox GROUP BY state"))
        unused = database.execute(
            "SELECT count(*) FROM contents WHERE id NOT IN (SELECT content_id FROM packages)"
        ).fetchone()
    assert set(states) == {"done"}
    assert unused == (0,), "content of clear copies that have all been sent"


# --- negative controls: the same reckoning, of something that is not right


def test_a_mail_that_is_missing_at_the_next_hop_is_seen(aftermath: Aftermath) -> None:
    mail = next(mail for mail in aftermath.mails if mail.clear)
    caught = [
        one
        for one in aftermath.correspondent.stage.sink.mails
        if not one.content.endswith(mail.content)
    ]
    findings = reconcile(aftermath.mails, aftermath.record.acknowledged, caught, [])
    assert f"mail {mail.serial}: not at the next hop for {mail.clear[0]}" in findings.lost
    others = [entry for entry in findings.lost if "next hop" in entry]
    assert len(others) == len(mail.clear)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda content: content.replace(b"\r\n.", b"\r\n..", 1), id="stuffed dot"),
        pytest.param(lambda content: content[:-2], id="cut"),
        pytest.param(lambda content: b"X-Spam: no\r\n" + content, id="header added"),
        pytest.param(lambda content: content.replace(b"caf\xe9", b"cafe", 1), id="7 bits"),
    ],
)
def test_a_mail_that_was_changed_is_seen(
    change: Callable[[bytes], bytes], aftermath: Aftermath
) -> None:
    caught = list(aftermath.correspondent.stage.sink.mails)
    place = next(at for at, one in enumerate(caught) if b"\nX-Serial: " in one.header)
    caught[place] = replace(caught[place], content=change(caught[place].content))
    findings = reconcile(aftermath.mails, {}, caught, [])
    assert len(findings.corrupted) == 1


def test_a_sealed_mail_that_went_out_in_the_clear_is_seen(aftermath: Aftermath) -> None:
    mail = next(mail for mail in aftermath.mails if mail.sealed)
    caught = aftermath.correspondent.stage.sink.mails[0]
    leak = replace(caught, content=mail.content, recipients=mail.sealed[:1])
    findings = reconcile(aftermath.mails, {}, [leak], [])
    assert findings.leaked == [f"mail {mail.serial}: sent in the clear to {mail.sealed[0]}"]


def test_packages_that_are_missing_or_damaged_are_seen(
    aftermath: Aftermath, tmp_path: Path
) -> None:
    copy = tmp_path / "vault"
    shutil.copytree(aftermath.folder, copy)
    theirs = [package for package in aftermath.packages if package.author == SENDER]
    with closing(sqlite3.connect(copy / "sealgate.sqlite")) as database:
        places = dict(database.execute("SELECT id, place FROM contents WHERE place IS NOT NULL"))
        in_files = [package for package in theirs if package.id in places]
        fileless, flipped = in_files[:2]
        rowless = next(package for package in theirs if package.id not in places)
        database.execute("DELETE FROM packages WHERE id = ?", [rowless.id])
        database.commit()
    (copy / "contents" / places[fileless.id]).unlink()
    damaged = copy / "contents" / places[flipped.id]
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    findings = aftermath.findings(open_packages(copy))
    assert len(findings.lost) == 3, "each is an acknowledged mail"
    assert sorted(findings.corrupted) == sorted(
        f"package {package.reference} does not open" for package in (fileless, flipped)
    )


def test_a_recipient_who_was_not_told_is_seen(aftermath: Aftermath) -> None:
    notice = next(iter(aftermath.opened))
    caught = [
        one
        for one in aftermath.correspondent.stage.sink.mails
        if notice.to not in one.recipients or notice.reference.encode() not in one.content
    ]
    theirs = [package for package in aftermath.packages if package.author == SENDER]
    findings = reconcile(aftermath.mails, aftermath.record.acknowledged, caught, theirs)
    assert len(findings.not_told) == 1
    assert notice.to in findings.not_told[0]
