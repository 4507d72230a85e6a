"""First-time recipients and near misses, over the real door, with the real vault."""

from pathlib import Path

import pytest

from policies.language.loader import load_text
from tests.gateway.office import AMY, BEN, BOSS, JANE, Office, captured, mail, office
from vault.address import Address
from vault.packages.history import Past

NEW = """version: 1
rules:
  - name: first-time
    when: {direction: external, recipient: {first_time: yes}, subject: {contains: report}}
    then: refuse
    tell_sender: "Not sent: you have not written to this address before."
"""
NEAR = """version: 1
rules:
  - name: look-alike
    when: {recipient: {near_miss: yes}}
    then: refuse
    tell_sender: "Not sent: this address looks like another that you often write to."
"""
TLS = """version: 1
rules:
  - name: only-by-verified-tls
    when: {direction: external}
    except: {route: {tls: verified}}
    then: seal
"""


def knows(here: Office, sender: str, recipient: str) -> bool:
    return Past(here.store).has_sent_to(Address.parse(sender), Address.parse(recipient))


async def test_a_relayed_mail_makes_its_recipients_known(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.pipeline.policy = load_text(NEW)
        report = mail("The report")
        assert "not written to this address" in await here.send(JANE, AMY, data=report)
        assert not knows(here, JANE, AMY)  # what was refused was not sent
        assert (await here.send(JANE, AMY, data=mail("Hello"))).startswith("250")
        assert knows(here, JANE, AMY)
        assert (await here.send(JANE, AMY, data=report)).startswith("250")
        # Not to somebody else, and not from somebody else.
        assert (await here.send(JANE, BEN, data=report)).startswith("550")
        boss = mail("The report", sender=f"Boss <{BOSS}>")
        assert (await here.send(BOSS, AMY, data=boss)).startswith("550")


async def test_a_sealed_mail_counts_as_well_and_once(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        sealed = mail("[secure] Hello")
        assert (await here.send(JANE, AMY, data=sealed)).startswith("250 2.0.0 Sealed")
        assert knows(here, JANE, AMY)
        for _ in range(5):  # a client that tries again sends one mail
            assert (await here.send(JANE, AMY, data=sealed)).startswith("250 2.0.0 Sealed")
        assert Past(here.store).frequent_recipients(Address.parse(JANE)) == ()


async def test_what_the_next_hop_takes_later_counts_and_what_it_refuses_does_not(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        here.sink.script.recipients[AMY] = "450 4.2.1 Not now"
        here.sink.script.recipients[BEN] = "550 5.1.1 No such user"
        await here.send(JANE, AMY, BEN, data=mail("Hello"))
        assert knows(here, JANE, AMY)
        assert not knows(here, JANE, BEN)


async def test_a_slip_of_the_pen_is_seen_after_three_mails(tmp_path: Path) -> None:
    known, slip = "anna@partner.org", "anan@partner.org"
    async with office(tmp_path) as here:
        here.pipeline.policy = load_text(NEAR)
        # Nothing is like it yet.
        assert (await here.send(JANE, slip, data=mail("First"))).startswith("250")
        for number in range(3):
            assert (await here.send(JANE, known, data=mail(f"Hello {number}"))).startswith("250")
        reply = await here.send(JANE, slip, data=mail("Hello"))
        assert "looks like another that you often write to" in reply
        assert (await here.send(JANE, known, data=mail("Hello"))).startswith("250")
        assert (await here.send(JANE, BEN, data=mail("Hello"))).startswith("250")
        boss = mail("Hello", sender=f"Boss <{BOSS}>")
        assert (await here.send(BOSS, slip, data=boss)).startswith("250")


@pytest.mark.parametrize("address", ["cat@counci1.gov.uk", "cat@counicl.gov.uk"])
async def test_a_domain_like_our_own_is_seen_without_any_past(address: str, tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.pipeline.policy = load_text(NEAR)
        assert (await here.send(JANE, address, data=mail("Hello"))).startswith("550")


async def test_a_route_without_verified_tls_is_none(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.pipeline.policy = load_text(TLS)
        with captured() as entries:
            reply = await here.send(JANE, AMY, data=mail("Hello"))
        assert reply.startswith("250 2.0.0 Sealed")
        assert not any("Hello" in str(entry) for entry in entries)
