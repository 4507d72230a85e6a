"""MTA-STS: a domain's policy is found, kept, and kept to."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.relay.mta_sts import BadPolicyError, Mode, StsPolicy
from gateway.relay.routes import Way
from gateway.relay.settings import TlsMode
from tests.e2e.machine import until
from tests.gateway.relay.exchange import DOMAIN, MX1, MX2, Net, internet
from tests.vault.bench import HandClock
from vault.ending import upkeep
from vault.sending import sts
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store


async def sent(net: Net) -> bool:
    """Send a mail, asking the names anew, and say whether it went."""
    net.forget()
    return (await net.mail()).positive


async def test_named_servers_that_prove_their_name_get_the_mail(tmp_path: Path) -> None:
    async with internet(tmp_path) as net:
        net.policy("enforce", MX1)
        assert (await net.mail(Way(tls=TlsMode.VERIFIED))).positive
        assert net.first.mails[0].tls
        assert net.page.hosts == [f"mta-sts.{DOMAIN}"]
        assert await sent(net)
        assert net.page.asked == 1


@pytest.mark.parametrize("hosts", [("*.partner.example",), (MX2, MX1), (MX1.upper(),)])
async def test_servers_are_named_in_several_ways(tmp_path: Path, hosts: tuple[str, ...]) -> None:
    async with internet(tmp_path) as net:
        net.policy("enforce", *hosts)
        assert await sent(net)


@pytest.mark.parametrize("mode", ["enforce", "testing", "none"])
async def test_servers_that_are_not_named_get_nothing_when_it_is_enforced(
    tmp_path: Path, mode: str
) -> None:
    async with internet(tmp_path) as net:
        net.policy(mode, "mx.elsewhere.example", "*.mx1.partner.example", "*.example")
        answer = await net.mail()
        assert answer.positive is (mode != "enforce")
        if mode == "enforce":
            assert (answer.code, answer.enhanced) == (451, "4.7.10")
            assert net.first.connections == 0


@pytest.mark.parametrize("mode", ["enforce", "testing"])
@pytest.mark.parametrize("how", ["name", "stripped"])
async def test_a_server_that_does_not_prove_itself(tmp_path: Path, mode: str, how: str) -> None:
    names = ("another.example",) if how == "name" else (MX1,)
    async with internet(tmp_path, names=names) as net:
        net.policy(mode, "*.partner.example")
        if how == "stripped":
            for sink in (net.first, net.second):
                sink.script.answers["starttls"] = "454 4.7.0 Not now"
        assert await sent(net) is (mode == "testing")
        assert len(net.first.mails + net.second.mails) == (mode == "testing")


async def test_a_policy_is_kept_when_its_domain_says_nothing_any_more(tmp_path: Path) -> None:
    """Whoever can drop answers of the DNS cannot take the policy away."""
    async with internet(tmp_path) as net:
        net.policy("enforce", "mx.elsewhere.example", age=3600)
        assert not await sent(net)
        del net.names.zone[f"_mta-sts.{DOMAIN}"]
        assert not await sent(net)
        net.names.broken.add((f"_mta-sts.{DOMAIN}", "TXT"))
        assert not await sent(net)
        net.clock.now += 3601
        assert await sent(net)


async def test_a_new_id_brings_a_new_policy_and_a_failed_fetch_keeps_the_old(
    tmp_path: Path,
) -> None:
    async with internet(tmp_path) as net:
        net.policy("enforce", "mx.elsewhere.example", id_="1")
        assert not await sent(net)
        net.policy("enforce", MX1, id_="2")
        net.page.answer = b"HTTP/1.1 503 Later\r\n\r\n"
        assert not await sent(net)
        net.page.answer = None
        assert not await sent(net)  # not asked again so soon
        assert net.page.asked == 2
        net.clock.now += 301
        assert await sent(net)
        assert net.page.asked == 3


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    with closing(Store(VaultSettings(folder=tmp_path / "vault"), clock=clock)) as made:
        yield made


@pytest.mark.parametrize("blocked", ["page", "names", "another id"])
async def test_a_restart_forgets_nothing(tmp_path: Path, store: Store, blocked: str) -> None:
    """Whoever can block the fetch gains nothing by waiting for a process to begin again."""
    async with internet(tmp_path, store=store) as net:
        net.policy("enforce", "mx.elsewhere.example", age=3600)
        assert not await sent(net)
        store.settle()
        net.page.answer = b""
        if blocked == "names":
            net.names.broken.add((f"_mta-sts.{DOMAIN}", "TXT"))
        if blocked == "another id":
            net.policy("enforce", MX1, id_="2")
        net.restart()
        assert not await sent(net)
        assert net.first.connections == 0


async def test_a_policy_ends_when_it_says_so_over_restarts_too(
    tmp_path: Path, store: Store, clock: HandClock
) -> None:
    async with internet(tmp_path, store=store) as net:
        net.policy("enforce", "mx.elsewhere.example", age=3600)
        assert not await sent(net)
        store.settle()
        del net.names.zone[f"_mta-sts.{DOMAIN}"]
        clock.advance(seconds=1800)
        net.restart()
        assert not await sent(net)
        clock.advance(seconds=1801)
        net.clock.now += 1801
        assert await sent(net)
        net.restart()
        assert await sent(net)


async def test_without_a_store_a_restart_forgets(tmp_path: Path) -> None:
    """The control: it is the store that remembers."""
    async with internet(tmp_path) as net:
        net.policy("enforce", "mx.elsewhere.example")
        assert not await sent(net)
        net.page.answer = b""
        net.restart()
        assert await sent(net)


async def test_it_is_fetched_anew_before_it_ends_and_no_mail_waits_for_that(
    tmp_path: Path, store: Store
) -> None:
    async with internet(tmp_path, store=store) as net:
        net.policy("enforce", MX1, age=10 * 86400)
        assert await sent(net)
        net.clock.now += 86_000
        assert await sent(net)
        assert net.page.asked == 1
        net.policy("enforce", "mx.elsewhere.example", age=10 * 86400)  # the same id: a mistake
        net.clock.now += 401
        assert await sent(net)  # by what is known: it still holds
        await until(lambda: net.page.asked == 2, 5)
        await until(lambda: not net.sender._exchangers._policies._refreshing, 5)
        assert not await sent(net)


async def test_a_refresh_that_fails_changes_nothing(tmp_path: Path, store: Store) -> None:
    async with internet(tmp_path, store=store) as net:
        net.policy("enforce", "mx.elsewhere.example", age=10 * 86400)
        assert not await sent(net)
        net.page.answer = b"HTTP/1.1 404 Gone\r\n\r\n"
        net.clock.now += 90_000
        for _ in range(3):
            assert not await sent(net)
            await until(lambda: not net.sender._exchangers._policies._refreshing, 5)
        assert net.page.asked == 2  # and not again so soon


def test_what_is_kept_is_bounded(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sts, "MOST", 20)
    monkeypatch.setattr(sts, "SLACK", 5)
    for number in range(40):
        end = clock() + timedelta(hours=1, seconds=number)
        with store.writing() as tx:
            sts.keep(tx, f"d{number}.example", sts.KeptPolicy("1", "enforce", ("mx",), end))
    assert sts.find(store, "d0.example") is None
    assert sts.find(store, "d39.example") is not None
    with store.writing() as tx:
        sts.keep(tx, "d39.example", sts.KeptPolicy("2", "none", (), clock() + timedelta(hours=2)))
    assert sts.find(store, "d39.example") == sts.KeptPolicy(
        "2", "none", (), clock() + timedelta(hours=2)
    )
    clock.advance(hours=3)
    assert sts.find(store, "d39.example") is None
    upkeep.clear(store)
    with store.reading() as tx:
        assert tx.execute(select(tables.mta_sts_policies)).all() == []


PAGES = [
    b"HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/\r\n\r\n",
    b"HTTP/1.1 404 No\r\nContent-Type: text/plain\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nversion: STSv1\nmode: enforce\nmx: x\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 100_000,
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 70_000,
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n\xff\xfe",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nmode: enforce\nmax_age: 10\nmx: x\n",
    b"\x00\x01\x02",
    b"",
]


@pytest.mark.parametrize("page", PAGES, ids=range(len(PAGES)))
async def test_what_is_no_policy_binds_nobody(tmp_path: Path, page: bytes) -> None:
    async with internet(tmp_path) as net:
        net.policy("enforce", "mx.elsewhere.example")
        net.page.answer = page
        assert await sent(net)
        assert net.page.asked == 1
        assert await sent(net)
        assert net.page.asked == 1  # not asked again so soon


async def test_chunks_are_a_form_of_the_same_answer(tmp_path: Path) -> None:
    async with internet(tmp_path) as net:
        net.policy("enforce", "mx.elsewhere.example")
        text = net.page.text.encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        net.page.answer = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)
        assert not await sent(net)


@pytest.mark.parametrize(
    "record",
    ['"v=STSv1"', '"v=STSv2; id=1;"', '"id=1; v=STSv1"', '"v=STSv1; id=a_b;"'],
)
async def test_a_record_that_is_none_binds_nobody(tmp_path: Path, record: str) -> None:
    async with internet(tmp_path) as net:
        net.policy("enforce", "mx.elsewhere.example")
        net.names.zone[f"_mta-sts.{DOMAIN}"] = {"TXT": [record]}
        assert await sent(net)
        assert net.page.asked == 0


async def test_two_records_bind_nobody(tmp_path: Path) -> None:
    async with internet(tmp_path) as net:
        net.policy("enforce", "mx.elsewhere.example")
        net.names.zone[f"_mta-sts.{DOMAIN}"]["TXT"].append('"v=STSv1; id=2;"')
        assert await sent(net)


async def test_dane_goes_before_it(tmp_path: Path) -> None:
    async with internet(tmp_path, names=("another.example",)) as net:
        net.policy("enforce", "mx.elsewhere.example")
        net.publish(f"3 1 1 {net.key()}")
        assert await sent(net)


GOOD = "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 60\n"


def test_reading_a_policy() -> None:
    assert StsPolicy.parse(GOOD) == StsPolicy(Mode.ENFORCE, ("a.example",), 60)
    more = GOOD.replace("\n", "\r\n") + "mx:  *.B.example \r\nmode: none\r\nx-new: y\r\n"
    assert StsPolicy.parse(more).hosts == ("a.example", "*.b.example")
    assert StsPolicy.parse(more).mode is Mode.ENFORCE
    assert StsPolicy.parse("version: STSv1\nmode: none\nmax_age: 60\n").hosts == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STSv1", "STSv2"), ("mode: enforce\n", ""), ("enforce", "maybe"), ("mx: a.example\n", ""),
        ("60", "-1"), ("60", "99999999999"), ("60", "soon"), ("max_age: 60\n", ""),
    ],
)  # fmt: skip
def test_what_is_no_policy(old: str, new: str) -> None:
    with pytest.raises(BadPolicyError):
        StsPolicy.parse(GOOD.replace(old, new))
