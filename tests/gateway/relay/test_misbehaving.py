"""Next hops that misbehave in every way at every stage: nothing lost, nothing falsely delivered.

Each misbehaviour has a server of its own and all are met at once, by the deliverer with a real
store: first they misbehave, then they mend. What the deliverer wrote down is compared with what the
server has.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.desk import Desk
from gateway.notices.settings import NoticeSettings
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings, RouteSettings
from gateway.relay.trying import DeliverySettings
from policies.settings import OrganisationSettings
from tests.certificates import server_context
from tests.gateway.test_deliverer import delivering
from tests.sink import Script, Sink
from tests.vault.bench import ALICE, HandClock, Keys, Safe
from vault.address import Address
from vault.contents.spool import Spool
from vault.packages.deposit import Deposit, Queued
from vault.packages.depositing import deposit
from vault.settings import VaultSettings
from vault.storage.store import Store

DONE, LATER, BOUNCE = "done", "later", "bounce"
PATIENCE = 4.0  # seconds for one answer of a server
CONTENT = b"From: alice@council.example\r\nSubject: x\r\n\r\n" + b"..dotted line\r\n" * 500

LONG = b"250-" + b"x" * 100_000 + b"\r\n"
ENDLESS = b"250-x\r\n" * 20_000
GARBAGE = b"\xff\xfe\x00\x01garbage\r\n"
EIGHT = "\r\n".join([f"250-line {n}" for n in range(7)] + ["250 2.0.0 and last"])


@dataclass(frozen=True)
class Case:
    """What a server does, and what must become of a mail; `kept` if it was known as good before."""

    does: dict[str, Any]
    fresh: str
    kept: str = ""
    tls: str = "none"

    def after(self, *, known: bool) -> str:
        return (self.kept or self.fresh) if known else self.fresh


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait; to look often would take the time from those who work."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - a database tells nobody when it changes
            await asyncio.sleep(0.15)


def said(stage: str, text: str | bytes, fresh: str, kept: str = "") -> Case:
    return Case({"answers": {stage: text}}, fresh, kept)


EARLY = ("greeting", "ehlo")  # stages that a connection which is kept has behind it
STAGES = ("greeting", "ehlo", "mail", "rcpt", "data", "dot")
CASES: dict[str, Case] = {}
for stage in STAGES:
    kept = DONE if stage in EARLY else ""
    CASES[f"{stage}-421"] = said(stage, "421 4.3.2 Closing", LATER, kept)
    CASES[f"{stage}-drop"] = Case({"drop": {stage}}, LATER, kept)
    CASES[f"{stage}-stall"] = Case({"stall": {stage}}, LATER, kept)
    CASES[f"{stage}-garbage"] = said(stage, GARBAGE, LATER, kept)
    CASES[f"{stage}-drip-too-slow"] = Case({"drip": {stage: 1.5 * PATIENCE}}, LATER, kept)
    CASES[f"{stage}-split"] = Case({"drip": {stage: 0.002}}, DONE)
for stage in ("greeting", "rcpt", "dot"):
    kept = DONE if stage in EARLY else ""
    CASES[f"{stage}-overlong"] = said(stage, LONG, LATER, kept)
    CASES[f"{stage}-endless"] = said(stage, ENDLESS, LATER, kept)
    CASES[f"{stage}-http"] = said(stage, b"HTTP/1.1 400 Bad\r\n\r\n", LATER, kept)
for stage in ("mail", "rcpt", "data", "dot"):
    CASES[f"{stage}-451"] = said(stage, "451 4.3.0 Not now", LATER)
    CASES[f"{stage}-550"] = said(stage, "550 5.7.1 No", BOUNCE)
    CASES[f"{stage}-changes-code"] = said(stage, b"250-yes\r\n550 no\r\n", LATER)
CASES |= {
    "greeting-554": said("greeting", "554 5.7.1 Go away", LATER, DONE),
    "greeting-250": said("greeting", "250 hello", LATER, DONE),
    "ehlo-550": said("ehlo", "550 what?", DONE),  # HELO will do
    "mail-354": said("mail", "354 go on", LATER),
    "mail-8-lines": said("mail", EIGHT, DONE),
    "rcpt-8-lines": said("rcpt", EIGHT, DONE),
    "dot-8-lines": said("dot", EIGHT, DONE),
    "dot-wrong-enhanced": said("dot", "250 5.1.1 taken all the same", DONE),
    "dot-451-says-5": said("dot", "451 5.7.1 not now", LATER),
    "rcpt-550-says-2": said("rcpt", "550 2.1.5 no such user", BOUNCE),
    "dot-bare": said("dot", "250", DONE),
    "data-250-early": said("data", "250 2.0.0 Taken already", LATER),
    "data-354-and-250": said("data", b"354 go\r\n250 2.0.0 Taken already\r\n", LATER),
    "dot-354": said("dot", "354 more", LATER),
    "dot-600": said("dot", "600 beyond", LATER),
    "content-drop": Case({"drop_after": 5000}, LATER),
    "dot-swallowed": Case({"swallow": True}, LATER),
    "too-small": Case({"extensions": ["PIPELINING", "SIZE 100"]}, BOUNCE, DONE),
    "pipelining-only-said": Case(
        {"answers": {"mail": b"250 2.1.0 OK\r\n421 4.7.0 One\r\n"}}, LATER
    ),
    "starttls-garbage": replace(said("starttls", GARBAGE, LATER, DONE), tls="opportunistic"),
    "starttls-injects": Case({"injected": b"250 evil\r\n"}, LATER, DONE, tls="opportunistic"),
    "starttls-drop": Case({"drop": {"starttls"}}, LATER, DONE, tls="opportunistic"),
    "starttls-454": replace(said("starttls", "454 4.7.0 No", LATER, DONE), tls="required"),
}


def misbehave(script: Script, case: Case) -> None:
    for name, value in case.does.items():
        setattr(script, name, value)


def mend(script: Script) -> None:
    for name, value in vars(Script()).items():
        setattr(script, name, value)


@dataclass
class Street:
    """All servers, and the rows of the mails to them."""

    safe: Safe
    servers: dict[str, Sink] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)

    def post(self, content: bytes = CONTENT) -> None:
        """Queue a mail for each server."""
        for name in self.servers:
            known = {row.id for row in self.safe.rows("outbox")}
            to = Address.parse(f"amy@{name}.example")
            spool = Spool.of(self.safe.store, content)
            queued = Queued(
                recipients=(to,), return_path=ALICE, how={to: {"route": name, "tls": "none"}}
            )
            deposit(
                self.safe.store,
                self.safe.keys.sealing,
                Deposit(spool=spool, author=ALICE, queued=queued),
            )
            spool.abort()
            (new,) = {row.id for row in self.safe.rows("outbox")} - known
            self.rows[name] = new

    def found(self) -> dict[str, str]:
        """What the deliverer has written down, in the words of the cases."""
        rows = {row.id: row for row in self.safe.rows("outbox")}
        words = {"queued": LATER, "done": DONE, "failed": BOUNCE}
        return {name: words[rows[id_].state] for name, id_ in self.rows.items()}

    def attempted(self) -> bool:
        rows = {row.id: row for row in self.safe.rows("outbox")}
        ours = [rows[id_] for id_ in self.rows.values()]
        return all(
            row.state != "queued" or (row.attempts == 1 and row.leased_until is None)
            for row in ours
        )

    async def pass_time(self) -> None:
        """Let hours go by until every mail has come to its end."""
        for _ in range(20):
            self.safe.clock.advance(hours=1)
            with suppress(TimeoutError):
                await until(lambda: LATER not in self.found().values(), 15)
                return


@pytest.fixture
def safe(tmp_path: Path, keys: Keys) -> Iterator[Safe]:
    clock = HandClock()
    store = Store(VaultSettings(folder=tmp_path / "data"), checkpoints=True, clock=clock)
    yield Safe(store, keys, clock)
    store.close()


def desk(safe: Safe, next_hop: NextHopSettings, routes: dict[str, Any], **more: Any) -> Desk:
    return Desk(
        store=safe.store,
        relay_keys=safe.keys.relay,
        sealing_keys=safe.keys.sealing,
        organisation=OrganisationSettings(domains=["council.example"]),
        relay=Sender(Routes(next_hop, routes)),
        notices=NoticeSettings(sender="secure@council.example"),
        delivery=DeliverySettings.model_validate({"poll": 0.1, "at_once": 100, **more}),
    )


@pytest.mark.parametrize("known", [False, True], ids=["fresh", "kept"])
async def test_nothing_is_lost_and_nothing_is_falsely_delivered(
    safe: Safe, tmp_path: Path, known: bool
) -> None:
    context, _ = server_context(tmp_path, "hop.example")
    street = Street(safe)
    quick = {"reply_timeout": PATIENCE, "final_timeout": PATIENCE, "idle_limit": 60}
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(Sink())
        routes = {}
        for name, case in CASES.items():
            server = Sink(tls=context if case.tls != "none" else None)
            street.servers[name] = await stack.enter_async_context(server)
            here = {"host": "127.0.0.1", "port": server.port, "tls": case.tls, **quick}
            routes[name] = RouteSettings.model_validate(here)
        post = desk(safe, NextHopSettings.model_validate({"port": home.port}), routes)
        async with delivering(post):
            if known:
                street.post(b"Subject: a mail before\r\n\r\n")
                await until(lambda: set(street.found().values()) == {DONE}, 60)
                for server in street.servers.values():
                    server.mails.clear()
            for name, case in CASES.items():
                misbehave(street.servers[name].script, case)
            street.post()
            await until(street.attempted, 60)
            expected = {name: case.after(known=known) for name, case in CASES.items()}
            assert street.found() == expected
            # A server that says 250 before the mail has come is not believed; one that is believed
            # has the whole mail.
            for name, word in expected.items():
                got = [mail.content for mail in street.servers[name].mails]
                assert got in {DONE: ([CONTENT],), LATER: ([], [CONTENT]), BOUNCE: ([],)}[word], (
                    name
                )
            for server in street.servers.values():
                mend(server.script)
            await street.pass_time()
            for name, word in expected.items():
                assert street.found()[name] == (BOUNCE if word == BOUNCE else DONE)
                assert (len(street.servers[name].mails) > 0) is (word != BOUNCE), name
            bounces = sum(word == BOUNCE for word in expected.values())
            await home.wait_for(bounces, 60)
            await asyncio.sleep(0.1)
    told = Counter(
        name
        for mail in home.mails
        for name in CASES
        if f"amy@{name}.example".encode() in mail.content
    )
    assert told == {name: 1 for name, word in expected.items() if word == BOUNCE}
    assert {mail.recipients for mail in home.mails} == {(str(ALICE),)}


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 30


async def test_tries_keep_to_the_schedule_and_end_in_one_bounce_each(safe: Safe) -> None:
    """On a clock that the test moves: waits double from 30 s to an hour, within 10 % on average."""
    mails, hours = 24, 4
    script = Script(answers={"rcpt": "451 4.7.1 Not now"})
    async with Sink(script) as hop, Sink() as home:
        routes = {
            "busy": RouteSettings.model_validate(
                {"host": "127.0.0.1", "port": hop.port, "tls": "none"}
            )
        }
        spool = Spool.of(safe.store, b"Subject: x\r\n\r\nx\r\n")
        to = tuple(Address.parse(f"amy{n}@busy.example") for n in range(mails))
        how = {one: {"route": "busy", "tls": "none"} for one in to}
        queued = Queued(recipients=to, return_path=ALICE, how=how)
        deposit(
            safe.store,
            safe.keys.sealing,
            Deposit(spool=spool, author=ALICE, queued=queued),
        )
        spool.abort()
        post = desk(
            safe,
            NextHopSettings.model_validate({"port": home.port}),
            routes,
            give_up_after=hours * 3600,
            warn_after=100 * 3600,
        )
        nominal, waits, turn = 30.0, [], 0
        async with delivering(post):
            while sum(waits) < hours * 3600 - 3600:
                turn += 1
                await until(lambda turn=turn: tried(safe) == {("queued", turn)})
                seconds = [
                    (row.available_at - safe.clock()).total_seconds() for row in safe.rows("outbox")
                ]
                mean = sum(seconds) / len(seconds)
                assert abs(mean - nominal) <= 0.1 * nominal, (turn, mean, nominal)
                assert max(seconds) <= 1.25 * nominal
                assert min(seconds) >= 0.75 * nominal
                assert len(set(seconds)) > mails / 2  # spread, not together
                safe.clock.advance(seconds=max(seconds))
                waits.append(max(seconds))
                nominal = min(2 * nominal, 3600)
            assert turn >= 8
            safe.clock.advance(hours=2)
            await home.wait_for(mails, 60)
            await until(lambda: all(row.state != "queued" for row in safe.rows("outbox")))
    told = Counter(
        str(one) for mail in home.mails for one in to if f"{one}".encode() in mail.content
    )
    assert set(told.values()) == {1}
    assert len(told) == len(home.mails) == mails


def tried(safe: Safe) -> set[tuple[str, int]]:
    rows = safe.rows("outbox")
    if any(row.leased_until is not None for row in rows):
        return set()
    return {(row.state, row.attempts) for row in rows}
