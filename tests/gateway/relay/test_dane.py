"""DANE: what TLSA records tell of is asked for, and nothing else will do."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.relay import dane
from gateway.relay.routes import Way
from gateway.relay.server import Tlsa
from gateway.relay.settings import TlsMode
from tests.gateway.relay.exchange import DOMAIN, MX1, ZONE, Net, internet

ONE = {**ZONE, DOMAIN: {"MX": [f"10 {MX1}."]}}
WRONG = "00" * 32


def authority(net: Net, matching: int = 1) -> str:
    whole = net.authority.public_bytes(Encoding.DER)
    return hashlib.sha256(whole).hexdigest() if matching else whole.hex()


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
async def test_this_very_certificate(tmp_path: Path, selector: int, matching: int) -> None:
    async with internet(tmp_path, ONE, names=("another.example",)) as net:  # names do not matter
        data = net.certificate.public_bytes(Encoding.DER)
        if selector:
            key = net.certificate.public_key()
            data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = [data, hashlib.sha256(data).digest(), hashlib.sha512(data).digest()][matching]
        net.publish(f"3 {selector} {matching} {digest.hex()}")
        assert (await net.mail(Way(tls=TlsMode.VERIFIED))).positive
        assert net.first.mails[0].tls
        net.publish(f"3 {selector} {matching} {digest.hex()[:-2]}{digest[-1] ^ 1:02x}")
        net.forget()
        assert (await net.mail()).enhanced == "4.7.0"


async def test_another_certificate_gets_nothing(tmp_path: Path) -> None:
    async with internet(tmp_path, ONE) as net:
        net.publish(f"3 1 1 {WRONG}")
        answer = await net.mail()
        assert (answer.code, answer.enhanced) == (451, "4.7.0")
        assert net.first.mails == []
        assert not any(line.startswith("MAIL") for line in net.first.commands)


async def test_one_record_of_several_is_enough(tmp_path: Path) -> None:
    async with internet(tmp_path, ONE) as net:
        net.publish(f"3 1 1 {WRONG}", f"3 1 1 {net.key()}", f"1 1 1 {WRONG}")
        assert (await net.mail()).positive


@pytest.mark.parametrize("matching", [0, 1])
@pytest.mark.parametrize("named", [True, False])
async def test_an_authority_of_the_servers_own_vouches_for_the_name(
    tmp_path: Path, named: bool, matching: int
) -> None:
    names = (MX1,) if named else ("another.example",)
    async with internet(tmp_path, ONE, names=names) as net:
        net.publish(f"2 0 {matching} {authority(net, matching)}")
        assert (await net.mail()).positive is named


async def test_without_tls_there_is_no_way(tmp_path: Path) -> None:
    async with internet(tmp_path, ONE) as net:
        net.publish(f"3 1 1 {net.key()}")
        net.first.script.answers["starttls"] = "454 4.7.0 Not now"
        assert (await net.mail()).enhanced == "4.7.10"
        assert net.first.mails == []


async def test_records_that_cannot_be_used_still_ask_for_tls(tmp_path: Path) -> None:
    async with internet(tmp_path, ONE, names=("another.example",)) as net:
        net.publish(f"1 1 1 {WRONG}", f"3 1 9 {WRONG}")
        assert (await net.mail()).positive
        assert net.first.mails[0].tls
        net.first.script.answers["starttls"] = "454 4.7.0 Not now"
        assert (await net.mail()).enhanced == "4.7.10"


async def test_records_that_cannot_be_had_stop_the_mail(tmp_path: Path) -> None:
    """Whoever can drop an answer must not be able to drop the protection."""
    async with internet(tmp_path, ONE) as net:
        net.publish(f"3 1 1 {net.key()}")
        net.names.broken.add((f"_{net.first.port}._tcp.{MX1}", "TLSA"))
        assert (await net.mail()).enhanced == "4.4.3"
        assert net.first.connections == 0


@pytest.mark.parametrize("open_name", [DOMAIN, MX1])
async def test_where_a_name_is_not_signed_there_is_no_dane(tmp_path: Path, open_name: str) -> None:
    async with internet(tmp_path, ONE) as net:
        net.publish(f"3 1 1 {WRONG}")
        net.names.secure.discard(open_name)
        assert (await net.mail()).positive


async def test_the_records_of_an_alias_are_those_of_the_server(tmp_path: Path) -> None:
    real = "real.partner.example"
    zone = {**ONE, MX1: {"CNAME": [f"{real}."]}, real: {"A": ["127.0.0.1"]}}
    async with internet(tmp_path, zone, names=("another.example",)) as net:
        net.publish(f"3 1 1 {net.key()}", host=real)
        assert (await net.mail(Way(tls=TlsMode.VERIFIED))).positive
        net.publish(f"3 1 1 {WRONG}", host=real)
        net.forget()
        assert (await net.mail()).enhanced == "4.7.0"


async def test_one_server_that_fails_its_proof_makes_way_for_the_next(tmp_path: Path) -> None:
    async with internet(tmp_path) as net:
        net.publish(f"3 1 1 {WRONG}")
        assert (await net.mail()).positive
        assert len(net.second.mails) == 1
        assert net.first.mails == []


def test_nonsense_proves_nothing() -> None:
    record = Tlsa(3, 1, 1, b"x")
    assert not dane.proved([record], [], MX1)
    assert not dane.proved([record], [b"no certificate"], MX1)
    assert dane.usable([Tlsa(3, 1, 1, b""), Tlsa(0, 0, 1, b"x"), Tlsa(3, 2, 1, b"x")]) == ()
