"""Several servers that do the same, and routes by domain: who is tried, and when not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.relay.answers import Answer
from gateway.relay.letter import Letter
from gateway.relay.rests import Rests
from gateway.relay.routes import Routes, Way
from gateway.relay.sender import Sender
from gateway.relay.server import Server
from gateway.relay.settings import NextHopSettings, RouteSettings
from tests.sink import Script, Sink
from vault.address import Address

JANE = Address.parse("jane@council.gov.uk")
AMY = Address.parse("amy@example.org")
MAIL = b"Subject: x\r\n\r\nHello\r\n"


class Clock:
    """Tells the time that it is given."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def hop(*sinks: Sink, **more: Any) -> NextHopSettings:
    first, *others = [one.port for one in sinks]
    quick = {"reply_timeout": 0.5, "final_timeout": 0.5, "connect_timeout": 0.5}
    others_ = [f"127.0.0.1:{port}" for port in others]
    return NextHopSettings.model_validate(
        {"port": first, "others": others_, "tls": "none", "idle_connections": 0, **quick, **more}
    )


def sender(
    settings: NextHopSettings, dice: Callable[[], float] = lambda: 0.5, clock: Any = None
) -> Sender:
    return Sender(Routes(settings), rests=Rests(clock or Clock(), dice))


async def mailed(by: Sender, count: int = 1) -> Answer:
    for _ in range(count):
        answer = (await by.send(Letter(JANE, (AMY,), [MAIL], len(MAIL))))[AMY]
    await by.close()
    return answer


TURNED_AWAY = [
    pytest.param(Script(answers={"greeting": "421 4.3.2 Not now"}), id="421 greeting"),
    pytest.param(Script(answers={"greeting": "554 5.7.1 Go away"}), id="554 greeting"),
    pytest.param(Script(drop={"greeting"}), id="hangs up"),
    pytest.param(Script(stall={"greeting"}), id="says nothing"),
    pytest.param(Script(answers={"greeting": b"\xff\x00 hello\r\n"}), id="no SMTP"),
    pytest.param(Script(answers={"ehlo": "451 4.3.0 Not now"}), id="451 EHLO"),
    pytest.param(Script(drop={"mail"}), id="hangs up at MAIL"),
    pytest.param(Script(drop={"data"}), id="hangs up at DATA"),
    pytest.param(Script(answers={"rcpt": "421 4.3.2 Closing"}), id="421 RCPT"),
]


@pytest.mark.parametrize("script", TURNED_AWAY)
async def test_who_turns_us_away_makes_way_for_the_next(script: Script) -> None:
    async with Sink(script) as first, Sink() as second:
        assert (await mailed(sender(hop(first, second)))).positive
        assert (len(first.mails), len(second.mails)) == (0, 1)


async def test_who_is_not_there_makes_way_for_the_next() -> None:
    async with Sink() as second:
        async with Sink() as first:
            settings = hop(first, second)
        assert (await mailed(sender(settings))).positive
        assert len(second.mails) == 1


ANSWERED = [
    pytest.param(Script(answers={"rcpt": "550 5.1.1 No such user"}), (550, "5.1.1"), id="550 RCPT"),
    pytest.param(Script(answers={"mail": "550 5.7.1 Not you"}), (550, "5.7.1"), id="550 MAIL"),
    pytest.param(Script(answers={"dot": "554 5.7.1 Spam"}), (554, "5.7.1"), id="554 content"),
    pytest.param(Script(swallow=True), (451, "4.4.2"), id="takes it and hangs up"),
    pytest.param(Script(drop_after=10), (451, "4.4.2"), id="hangs up in the content"),
]


@pytest.mark.parametrize(("script", "expected"), ANSWERED)
async def test_an_answer_about_the_mail_is_an_answer(
    script: Script, expected: tuple[int, str]
) -> None:
    async with Sink(script) as first, Sink() as second:
        answer = await mailed(sender(hop(first, second)))
        assert (answer.code, answer.enhanced) == expected
        assert second.connections == 0


PUT_OFF = [
    pytest.param(Script(answers={"mail": "452 4.3.1 Full"}), id="452 MAIL"),
    pytest.param(Script(answers={"rcpt": "450 4.2.0 Grey"}), id="450 RCPT"),
    pytest.param(Script(answers={"data": "451 4.3.0 Not now"}), id="451 DATA"),
    pytest.param(Script(answers={"dot": "451 4.3.0 Disk"}), id="451 content"),
    pytest.param(Script(extensions=[], answers={"rcpt": "450 4.2.0 Grey"}), id="one by one"),
]


@pytest.mark.parametrize("script", PUT_OFF)
@pytest.mark.parametrize("size", [100, 300_000])
async def test_who_puts_a_mail_off_makes_way_for_the_next(script: Script, size: int) -> None:
    mail = MAIL + b"x" * 70 * (size // 70) + b"\r\n"
    letter = Letter(JANE, (AMY,), lambda: iter([mail]), len(mail))
    async with Sink(script) as first, Sink() as second:
        by = sender(hop(first, second))
        answer = (await by.send(letter))[AMY]
        await by.close()
        assert answer.positive
        assert (len(first.mails), [one.content for one in second.mails]) == (0, [mail])


async def test_only_who_was_put_off_is_asked_for_elsewhere() -> None:
    first_says = {"ben@example.org": "450 4.2.0 Grey", "cat@example.org": "550 5.1.1 Who?"}
    to = tuple(map(Address.parse, ("amy@example.org", *first_says)))
    async with Sink(Script(recipients=dict(first_says))) as first, Sink() as second:
        by = sender(hop(first, second))
        answers = await by.send(Letter(JANE, to, [MAIL], len(MAIL)))
        await by.close()
        assert [answers[one].code for one in to] == [250, 250, 550]
        assert [one.recipients for one in first.mails] == [("amy@example.org",)]
        assert [one.recipients for one in second.mails] == [("ben@example.org",)]


async def test_two_answers_are_enough_and_the_last_is_told() -> None:
    says = ("450 4.2.0 One", "451 4.2.1 Two", "250 2.0.0 Three")
    scripts = [Script(answers={"rcpt": one}) for one in says]
    async with Sink(scripts[0]) as one, Sink(scripts[1]) as two, Sink(scripts[2]) as three:
        answer = await mailed(sender(hop(one, two, three)))
        assert (answer.code, answer.enhanced) == (451, "4.2.1")
        assert three.connections == 0


async def test_what_was_put_off_keeps_its_answer_where_nobody_else_is_there() -> None:
    async with Sink(Script(answers={"rcpt": "450 4.2.0 Grey"})) as first:
        async with Sink() as second:
            settings = hop(first, second)
        assert (await mailed(sender(settings))).enhanced == "4.2.0"


async def test_a_content_that_cannot_be_had_twice_is_sent_once() -> None:
    mail = MAIL * 10_000
    once = Letter(JANE, (AMY,), iter([mail]), len(mail))
    async with Sink(Script(answers={"dot": "451 4.3.0 Disk"})) as first, Sink() as second:
        by = sender(hop(first, second))
        assert (await by.send(once))[AMY].enhanced == "4.3.0"
        await by.close()
        assert second.connections == 0


async def test_when_all_fail_the_mail_waits() -> None:
    down = Script(answers={"greeting": "421 4.3.2 Not now"})
    async with Sink(down) as first, Sink(down) as second:
        assert (await mailed(sender(hop(first, second)))).temporary
        assert (first.connections, second.connections) == (1, 1)


async def test_who_failed_rests_and_is_tried_again() -> None:
    clock = Clock()
    async with Sink(Script(drop={"greeting"})) as first, Sink() as second:
        by = sender(hop(first, second, rest=60), clock=clock)
        await mailed(by, 3)
        assert (first.connections, second.connections) == (1, 3)
        first.script.drop.clear()
        clock.now += 59
        await mailed(by)
        assert first.connections == 1
        clock.now += 2
        await mailed(by)
        assert (first.connections, len(first.mails), len(second.mails)) == (2, 1, 4)


async def test_when_all_rest_all_are_tried() -> None:
    script = Script(drop={"greeting"})
    async with Sink(script) as first, Sink(script) as second:
        by = sender(hop(first, second))
        assert (await mailed(by)).temporary
        script.drop.clear()
        assert (await mailed(by)).positive


@pytest.mark.parametrize(("thrown", "seconds"), [(0.0, 45), (0.5, 60), (0.999, 75)])
def test_the_rest_has_jitter(thrown: float, seconds: float) -> None:
    clock = Clock()
    rests = Rests(clock, lambda: thrown)
    one, two = Server.all_of(NextHopSettings(host="a.example", others=("b.example",)))
    rests.failed(one)
    clock.now += seconds - 1
    assert rests.order([one, two]) == [two, one]
    clock.now += 1.1
    assert rests.order([one, two]) == [one, two]


def test_random_choice_goes_by_how_often_a_server_is_named() -> None:
    settings = NextHopSettings.model_validate(
        {"host": "a.example", "others": ["b.example", "b.example:25"], "choose": "random"}
    )
    first = [Rests().order(Server.all_of(settings))[0].host for _ in range(600)]
    assert 320 < first.count("b.example") < 480
    assert {len(Rests().order(Server.all_of(settings)))} == {2}


async def test_a_way_is_ready_when_one_of_its_servers_is() -> None:
    async with Sink(Script(drop={"greeting"})) as first, Sink() as second:
        by = sender(hop(first, second))
        assert await by.ready(Way()) is None
        second.script.drop.add("greeting")
        answer = await by.ready(Way())
        await by.close()
    assert answer is not None
    assert answer.temporary


def test_a_password_needs_verified_tls_on_every_server() -> None:
    login = {"username": "gate", "password": "x"}
    assert NextHopSettings.model_validate({**login, "tls": "none"})
    with pytest.raises(ValidationError, match="verified"):
        NextHopSettings.model_validate({**login, "tls": "none", "others": ["smtp.example.org"]})


# Routes by domain


async def test_a_domain_has_its_own_route() -> None:
    async with Sink() as usual, Sink() as justice, Sink() as court:
        plain = {"tls": "none", "host": "127.0.0.1"}
        named = {
            "justice": {"port": justice.port, "domains": ["*.cjsm.net", "police.example"]},
            "court": {"port": court.port, "domains": ["court.cjsm.net"]},
        }
        routes = {name: RouteSettings.model_validate({**plain, **of}) for name, of in named.items()}
        by = Sender(Routes(hop(usual), routes))
        to = [
            Address.parse(f"amy@{domain}")
            for domain in (
                "example.org", "cjsm.net", "a.cjsm.net", "b.a.cjsm.net", "police.example",
                "x.police.example", "court.cjsm.net",
            )
        ]  # fmt: skip
        answers = await by.send(Letter(JANE, tuple(to), [MAIL], len(MAIL)))
        assert all(one.positive for one in answers.values())
        await by.close()
    got = [{to.partition("@")[2] for to in one.mails[0].recipients} for one in (usual, justice)]
    assert got == [
        {"example.org", "cjsm.net", "x.police.example"},
        {"a.cjsm.net", "b.a.cjsm.net", "police.example"},
    ]
    assert court.mails[0].recipients == ("amy@court.cjsm.net",)


async def test_a_route_that_a_rule_names_goes_before_the_domain() -> None:
    async with Sink() as usual, Sink() as justice:
        route = {"host": "127.0.0.1", "tls": "none", "domains": ["example.org"]}
        routes = {
            "justice": RouteSettings.model_validate({**route, "port": justice.port}),
            "other": RouteSettings.model_validate({**route, "port": usual.port, "domains": []}),
        }
        by = Sender(Routes(hop(usual), routes))
        for way in (Way(), Way("other")):
            await by.send(Letter(JANE, (AMY,), [MAIL], len(MAIL), way=way))
        await by.close()
        assert (len(justice.mails), len(usual.mails)) == (1, 1)


async def test_one_place_that_fails_does_not_stop_the_others() -> None:
    async with Sink() as usual, Sink(Script(answers={"rcpt": "550 5.1.1 No"})) as justice:
        route = {"host": "127.0.0.1", "port": justice.port, "tls": "none"}
        routes = {"j": RouteSettings.model_validate({**route, "domains": ["cjsm.net"]})}
        by = Sender(Routes(hop(usual), routes))
        ben = Address.parse("ben@cjsm.net")
        answers = await by.send(Letter(JANE, (AMY, ben), lambda: iter([MAIL]), len(MAIL)))
        await by.close()
    assert (answers[AMY].positive, answers[ben].enhanced) == (True, "5.1.1")
    assert list(answers) == [AMY, ben]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"others": ["a b"]}, "name:port"),
        ({"others": ["a:99999"]}, "name:port"),
        ({"kind": "mx", "others": ["a"]}, "DNS"),
        ({"kind": "mx", "username": "a", "password": "b"}, "DNS"),
        ({"host": ""}, "host is missing"),
        ({"host": "a", "domains": ["*."]}, "not a domain"),
        ({"host": "a", "domains": ["a b.example"]}, "not a domain"),
    ],
)
def test_settings_that_lead_nowhere_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RouteSettings.model_validate(wrong)


def test_a_rest_is_a_time() -> None:
    assert NextHopSettings().rest == timedelta(minutes=1)
