"""Mail that needs TLS goes over TLS, or is sealed or refused, and never over an open line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.relay.routes import Routes, UnknownRouteError, Way
from gateway.relay.settings import NextHopSettings, RouteSettings, TlsMode
from policies.engine import Policy
from policies.language.loader import load_text
from policies.terms import RelayTerms, Tls
from tests.certificates import issued
from tests.gateway.office import AMY, BEN, CAT, JANE, mail, office
from tests.sink import Sink
from tests.tap import Tap
from vault.sending.outbox import Kind
from vault.trail.audit import Act

NAME = "relay.partner.example"
MARKER = "KANARIENVOGEL"
NOTHING = {"packages": 0, "grants": 0, "outbox": 0, "events": 0, "contents": 0}


def ruled(relay: str, more: str = "") -> Policy:
    return load_text(
        "version: 1\nrules:\n"
        "  - name: partner\n    when: {recipient: {domain: partner.org}}\n    then: relay\n"
        f"    relay: {{{relay}}}\n"
        "  - name: marked\n    when: {flag: any, recipient: {domain: police.example.org}}\n"
        f"    then: seal\n{more}"
    )


def route(port: int, authority: Path | None = None, **more: Any) -> RouteSettings:
    settings = {"host": "127.0.0.1", "port": port, "tls_name": NAME, "tls_authorities": authority}
    quick = {"connect_timeout": 3, "reply_timeout": 3, "hello": "gate.council.gov.uk"}
    return RouteSettings.model_validate({**settings, **quick, **more})


@asynccontextmanager
async def partner(
    folder: Path, *names: str, strip: bytes = b"", tls: bool = True
) -> AsyncIterator[tuple[Sink, Tap, Path]]:
    """The partner's server, somebody on the line before it, and the authority that vouches."""
    context, authority = issued(folder / "partner", *(names or (NAME,)))
    async with Sink(tls=context if tls else None) as sink, Tap(sink.port, strip) as tap:
        yield sink, tap, authority


SECRET = mail(f"About {MARKER}").replace(b"Good morning", MARKER.encode() * 50)


async def test_mail_goes_by_verified_tls_over_its_route(tmp_path: Path) -> None:
    async with partner(tmp_path) as (sink, tap, authority):
        routes = {"police": route(tap.port, authority)}
        policy = ruled("tls: verified, route: police")
        async with office(tmp_path, policy=policy, routes=routes) as here:
            reply = await here.send(JANE, AMY, data=SECRET)
            assert reply.startswith("250 2.0.0 Relayed")
            (caught,) = sink.mails
            assert caught.tls
            assert caught.content.endswith(SECRET)
            assert here.sink.connections == 0
            assert MARKER.encode() not in tap.heard
            assert b"STARTTLS" in tap.heard


UNSAFE = [
    pytest.param({"names": ("another.example",)}, id="wrong name"),
    pytest.param({"strip": b"STARTTLS"}, id="STARTTLS stripped"),
    pytest.param({"strip": b"220 2.0.0 Go ahead"}, id="STARTTLS refused"),
    pytest.param({"tls": False}, id="no TLS at all"),
]


@pytest.mark.parametrize("case", UNSAFE)
async def test_without_it_the_mail_is_sealed_and_not_a_word_is_heard(
    case: dict[str, Any], tmp_path: Path
) -> None:
    names = case.pop("names", ())
    async with partner(tmp_path, *names, **case) as (sink, tap, authority):
        routes = {"police": route(tap.port, authority)}
        policy = ruled("tls: verified, route: police")
        async with office(tmp_path, policy=policy, routes=routes) as here:
            reply = await here.send(JANE, AMY, data=SECRET)
            assert reply.startswith("250 2.0.0 Sealed"), reply
            assert here.opened(AMY) == SECRET
            assert [item.kind for item in here.queue()] == [Kind.NOTICE]
            assert sink.mails == []
            assert here.sink.connections == 0
            assert b"EHLO gate.council.gov.uk" in tap.heard
            for word in (MARKER, AMY, JANE, "MAIL FROM", "RCPT"):
                assert word.encode() not in tap.heard
            assert Act.RELAY_UNSAFE in here.acts()


async def test_the_wire_tap_does_hear_an_open_line(tmp_path: Path) -> None:
    async with partner(tmp_path, "another.example", tls=False) as (sink, tap, authority):
        routes = {"police": route(tap.port, authority, tls="none")}
        policy = ruled("tls: opportunistic, route: police")
        async with office(tmp_path, policy=policy, routes=routes) as here:
            assert (await here.send(JANE, AMY, data=SECRET)).startswith("250 2.0.0 Relayed")
            assert MARKER.encode() in tap.heard
            assert not sink.mails[0].tls


@pytest.mark.parametrize("trusted", [True, False])
async def test_required_takes_any_certificate_and_verified_one_that_is_vouched_for(
    trusted: bool, tmp_path: Path
) -> None:
    async with partner(tmp_path) as (sink, tap, authority):
        _, other = issued(tmp_path / "other", NAME)
        known = authority if trusted else other
        routes = {"police": route(tap.port, known, tls="opportunistic")}
        for tls, word in (
            ("required", "Relayed"),
            ("verified", "Relayed" if trusted else "Sealed"),
        ):
            policy = ruled(f"tls: {tls}, route: police")
            (tmp_path / tls).mkdir()
            async with office(tmp_path / tls, policy=policy, routes=routes) as here:
                reply = await here.send(JANE, AMY, data=SECRET)
                assert reply.startswith(f"250 2.0.0 {word}")
        assert len(sink.mails) == 1 + trusted
        assert MARKER.encode() not in tap.heard


async def test_settings_that_ask_for_more_win(tmp_path: Path) -> None:
    async with partner(tmp_path, "another.example") as (sink, tap, authority):
        routes = {"police": route(tap.port, authority, tls="verified")}
        policy = ruled("tls: required, route: police")
        async with office(tmp_path, policy=policy, routes=routes) as here:
            assert (await here.send(JANE, AMY, data=SECRET)).startswith("250 2.0.0 Sealed")
        assert sink.mails == []


async def test_a_server_that_is_away_or_silent_counts_as_no(tmp_path: Path) -> None:
    async with partner(tmp_path) as (sink, _, authority):
        policy = ruled("tls: verified, route: police")
        await sink.shut()
        routes = {"police": route(sink.port, authority)}
        async with office(tmp_path, policy=policy, routes=routes) as here:
            assert (await here.send(JANE, AMY, data=SECRET)).startswith("250 2.0.0 Sealed")
        await sink.reopen()
        sink.script.stall.add("greeting")
        (tmp_path / "2").mkdir()
        async with office(tmp_path / "2", policy=policy, routes=routes, patience=0.6) as here:
            async with asyncio.timeout(5):
                reply = await here.send(JANE, AMY, data=SECRET)
            assert reply.startswith("250 2.0.0 Sealed")


async def test_a_rule_may_refuse_instead_and_then_nobody_gets_it(tmp_path: Path) -> None:
    async with partner(tmp_path, tls=False) as (sink, tap, authority):
        routes = {"police": route(tap.port, authority)}
        policy = ruled("tls: verified, route: police, else: refuse")
        async with office(tmp_path, policy=policy, routes=routes) as here:
            reply = await here.send(JANE, AMY, BEN, CAT, data=SECRET)
            assert reply.replace("550-", "550 ").startswith("550 5.7.1 Not sent to anyone")
            assert "no secure connection" in reply.replace("\n550 5.7.1 ", " ").replace(
                "\n550-5.7.1 ", " "
            )
            assert here.kept == {**NOTHING, "events": 1}
            assert sink.mails == here.sink.mails == []


async def test_terms_of_the_rule_hold_for_what_is_sealed_instead(tmp_path: Path) -> None:
    policy = load_text(
        "version: 1\nrules:\n  - name: partner\n    when: {direction: external}\n"
        "    then: relay\n    relay: {tls: verified}\n    seal: {view_only: yes, replies: no}\n"
    )
    async with office(tmp_path, policy=policy) as here:  # its next hop offers no TLS
        assert (await here.send(JANE, AMY, data=SECRET)).startswith("250 2.0.0 Sealed")
        (line,) = here.received(AMY)
        assert (line.package.view_only, line.package.reply_allowed) == (True, False)


async def test_each_recipient_has_an_own_way(tmp_path: Path) -> None:
    """One by the route, one by the next hop, and with a sealed one all through the outbox."""
    async with partner(tmp_path) as (sink, tap, authority):
        routes = {"police": route(tap.port, authority)}
        policy = ruled("tls: verified, route: police")
        async with office(tmp_path, policy=policy, routes=routes) as here:
            reply = await here.send(JANE, AMY, CAT, data=SECRET)
            assert reply.startswith("250 2.0.0 Relayed")
            assert [one.recipients for one in sink.mails] == [(AMY,)]
            assert [one.recipients for one in here.sink.mails] == [(CAT,)]
            marked = mail("[secure] Hi", to=f"{AMY}, {BEN}")
            assert (await here.send(JANE, AMY, BEN, CAT, data=marked)).startswith(
                "250 2.0.0 Sealed"
            )
            ways = {
                str(item.to): (item.fields["route"], item.fields["tls"])
                for item in here.queue()
                if item.kind is Kind.RELAY
            }
            assert ways == {AMY: ("police", "verified"), CAT: ("", "none")}


async def test_what_must_wait_keeps_what_it_needs(tmp_path: Path) -> None:
    async with partner(tmp_path) as (sink, tap, authority):
        routes = {"police": route(tap.port, authority)}
        policy = ruled("tls: verified, route: police")
        sink.script.answers["dot"] = ["451 4.7.1 Come back later"]
        async with office(tmp_path, policy=policy, routes=routes) as here:
            assert (await here.send(JANE, AMY, data=SECRET)).startswith("250 2.0.0 Queued")
            (item,) = here.queue()
            assert (item.fields["route"], item.fields["tls"]) == ("police", "verified")


async def test_mail_without_a_sender_is_refused_where_it_would_be_sealed(tmp_path: Path) -> None:
    async with office(tmp_path, policy=ruled("tls: verified")) as here:
        reply = await here.send("", AMY, data=mail(sender=JANE), trusted=True)
        assert reply.replace("550-", "550 ").startswith("550 5.7.1 Not sent to anyone")
        assert here.kept == NOTHING


async def test_mail_that_needs_nothing_is_not_tried_beforehand(tmp_path: Path) -> None:
    async with office(tmp_path, policy=ruled("tls: opportunistic")) as here:
        assert (await here.send(JANE, AMY, data=mail())).startswith("250 2.0.0 Relayed")
        assert here.sink.connections == 1


def test_a_way_is_never_weaker_than_its_server() -> None:
    order = [TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.VERIFIED]
    for own in order:
        routes = Routes(NextHopSettings(tls=own), {"a": route(25, tls=own)})
        for asked in order:
            for name in ("", "a"):
                found = routes.hop(Way(name, asked)).tls
                assert order.index(found) == max(order.index(own), order.index(asked))
        with pytest.raises(UnknownRouteError):
            routes.hop(Way("b"))
    terms = RelayTerms(route="a", tls=Tls.REQUIRED)
    assert Way.of(terms.fields()) == Way("a", TlsMode.REQUIRED)
    assert Way.of(RelayTerms().fields()) == Way()
    assert Way.of({"reference": "x"}) == Way()
