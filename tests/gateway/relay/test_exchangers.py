"""Delivery by MX: the right servers in the right order, and nobody where nobody takes mail."""

from pathlib import Path

import pytest

from gateway.relay.routes import Way
from gateway.relay.settings import TlsMode
from tests.gateway.relay.exchange import DOMAIN, MX1, MX2, ZONE, internet


async def test_the_preferred_server_gets_the_mail_and_then_the_next(tmp_path: Path) -> None:
    async with internet(tmp_path) as net:
        assert (await net.mail()).positive
        assert (len(net.first.mails), net.second.connections) == (1, 0)
        assert net.first.mails[0].tls  # opportunistic
        net.first.script.drop.add("greeting")
        assert (await net.mail()).positive
        assert len(net.second.mails) == 1


async def test_recipients_of_one_domain_go_together_and_of_two_apart(tmp_path: Path) -> None:
    zone = {**ZONE, "other.example": {"MX": [f"5 {MX2}."]}}
    async with internet(tmp_path, zone) as net:
        to = [f"amy@{DOMAIN}", "ben@other.example", f"cat@{DOMAIN}"]
        answers = await net.send(*to)
        assert all(one.positive for one in answers.values())
        assert list(answers) == to
        assert [one.recipients for one in net.first.mails] == [(to[0], to[2])]
        assert [one.recipients for one in net.second.mails] == [(to[1],)]


async def test_a_domain_without_mx_is_its_own_server(tmp_path: Path) -> None:
    async with internet(tmp_path, {DOMAIN: {"A": ["127.0.0.2"]}}) as net:
        assert (await net.mail()).positive
        assert len(net.second.mails) == 1


async def test_every_address_of_a_server_is_tried(tmp_path: Path) -> None:
    """Nobody listens at ::1 and 127.0.0.3; IPv6 comes first."""
    zone = {DOMAIN: {"A": ["127.0.0.3", "127.0.0.2"], "AAAA": ["::1"]}}
    async with internet(tmp_path, zone) as net:
        assert (await net.mail()).positive
        assert len(net.second.mails) == 1


async def test_an_alias_is_followed(tmp_path: Path) -> None:
    zone = {**ZONE, MX1: {"CNAME": ["real.partner.example."]}}
    async with internet(tmp_path, {**zone, "real.partner.example": {"A": ["127.0.0.1"]}}) as net:
        assert (await net.mail()).positive


NOBODY = [
    pytest.param({}, 550, "5.1.2", id="no such domain"),
    pytest.param({DOMAIN: {"MX": ["0 ."]}}, 556, "5.1.10", id="null MX"),
    pytest.param({DOMAIN: {"TXT": ["x"]}}, 550, "5.4.4", id="no address"),
    pytest.param({DOMAIN: {"MX": ["1 gone.example."]}}, 550, "5.4.4", id="MX does not exist"),
    pytest.param({DOMAIN: {"MX": ["1 gate.council.gov.uk."]}}, 554, "5.4.6", id="our own name"),
]


@pytest.mark.parametrize(("zone", "code", "enhanced"), NOBODY)
async def test_where_nobody_takes_mail_it_comes_back(
    tmp_path: Path, zone: dict[str, dict[str, list[str]]], code: int, enhanced: str
) -> None:
    async with internet(tmp_path, zone) as net:
        del net.names.zone[f"mta-sts.{DOMAIN}"]  # or the domain above it would exist
        answer = await net.mail()
        assert (answer.code, answer.enhanced) == (code, enhanced)
        assert net.first.connections == 0


async def test_servers_less_preferred_than_ourselves_are_left_out(tmp_path: Path) -> None:
    """Otherwise a backup server sends to another backup, and mail goes in circles."""
    hosts = [f"10 {MX1}.", "20 gate.council.gov.uk.", f"30 {MX2}."]
    async with internet(tmp_path, {**ZONE, DOMAIN: {"MX": hosts}}) as net:
        net.first.script.drop.add("greeting")
        assert (await net.mail()).temporary
        assert net.second.connections == 0


@pytest.mark.parametrize("how", ["broken", "silent"])
@pytest.mark.parametrize("where", [(DOMAIN, "MX"), (MX1, "A")])
async def test_what_nobody_knows_now_waits(
    tmp_path: Path, how: str, where: tuple[str, str]
) -> None:
    zone = {**ZONE, DOMAIN: {"MX": [f"10 {MX1}."]}}
    async with internet(tmp_path, zone) as net:
        getattr(net.names, how).add(where)
        answer = await net.mail()
        assert (answer.code, answer.enhanced) == (451, "4.4.3")


async def test_one_server_that_cannot_be_looked_up_does_not_stop_the_other(tmp_path: Path) -> None:
    async with internet(tmp_path) as net:
        net.names.broken.add((MX1, "A"))
        assert (await net.mail()).positive
        assert len(net.second.mails) == 1


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"],
)
async def test_addresses_that_are_not_on_the_internet_get_no_mail(
    tmp_path: Path, address: str
) -> None:
    zone = {DOMAIN: {"MX": [f"1 {MX1}."]}, MX1: {"A": [address], "AAAA": [f"::ffff:{address}"]}}
    async with internet(tmp_path, zone, private_addresses=False) as net:
        answer = await net.mail()
        assert (answer.code, answer.enhanced) == (550, "5.4.4")
        assert net.first.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "64:ff9b::a00:1",  # 10.0.0.1 behind NAT64
        "64:ff9b:1::a00:1",
        "2002:7f00:1::1",  # 127.0.0.1 behind 6to4
        "::7f00:1",
        "::ffff:0:7f00:1",
        "fec0::1",
        "fd00::1",
        "ff0e::1",
    ],
)
async def test_ipv6_addresses_that_lead_back_inside_get_no_mail(
    tmp_path: Path, address: str
) -> None:
    zone = {DOMAIN: {"MX": [f"1 {MX1}."]}, MX1: {"AAAA": [address]}}
    async with internet(tmp_path, zone, private_addresses=False) as net:
        answer = await net.mail()
        assert (answer.code, answer.enhanced) == (550, "5.4.4")


async def test_ipv6_addresses_of_the_internet_are_used(tmp_path: Path) -> None:
    addresses = ["2a00:1450:4009::1", "64:ff9b::808:808", "2002:808:808::1"]
    async with internet(tmp_path, {MX1: {"AAAA": addresses}}, private_addresses=False) as net:
        assert set((await net.resolver.addresses(MX1)).records) == set(addresses)


async def test_many_servers_come_by_tcp(tmp_path: Path) -> None:
    hosts = [f"10 a-rather-long-name-of-a-server-{n}.partner.example." for n in range(60)]
    async with internet(tmp_path, {**ZONE, DOMAIN: {"MX": [f"1 {MX1}.", *hosts]}}) as net:
        assert (await net.mail()).positive


async def test_verified_by_mx_needs_to_know_the_names(tmp_path: Path) -> None:
    """A certificate for the name of a server proves nothing if nobody vouches for the MX record."""
    verified = Way(tls=TlsMode.VERIFIED)
    async with internet(tmp_path) as net:
        assert (await net.mail(verified)).enhanced == "4.7.10"
        refused = await net.sender.ready(verified, DOMAIN)
        assert refused is not None
        assert net.first.connections == 0
    (tmp_path / "2").mkdir()
    async with internet(tmp_path / "2") as net:
        net.secure()
        assert (await net.mail(verified)).positive
        assert await net.sender.ready(verified, DOMAIN) is None


async def test_a_resolver_that_is_not_trusted_vouches_for_nothing(tmp_path: Path) -> None:
    async with internet(tmp_path, trusted=False) as net:
        net.publish("3 1 1 " + "00" * 32)
        assert (await net.mail(Way(tls=TlsMode.VERIFIED))).enhanced == "4.7.10"
        assert (await net.mail()).positive  # the record that does not match is not asked for
        assert not any(kind == "TLSA" for _, kind in net.names.asked)
