"""What looks like an address that was meant, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.likeness import near_miss, one_apart, resembles
from vault.address import Address

KNOWN = "jane.smith@partner.example.org"


@pytest.mark.parametrize(
    "address",
    [
        "jane.smyth@partner.example.org",
        "jane.smiht@partner.example.org",
        "jane.smit@partner.example.org",
        "jane.smith2@partner.example.org",
        "janesmith@partner.example.org",
        "smith.jane@partner.example.org",
        "jane_smith@partner.example.org",
        "JANE.SMITHE@partner.example.org",
        "jane.smith@partner.example.com",
        "jane.smith@partner.org",
        "jane.smith@parnter.example.org",
        "jane.smith@partmer.example.org",
        "jane.smith@paitner.example.org",
        "jane.smith@partnerexample.org",
        "jane.srnith@partner.example.org",
        "jane.smith@xn--prtner-3nf.example.org",
        "jane.5mith@partner.examp1e.org",
    ],
)
def test_a_slip_or_a_look_alike_is_near(address: str) -> None:
    assert resembles(Address.parse(address), Address.parse(KNOWN))
    assert near_miss(Address.parse(address), [Address.parse(KNOWN)])


@pytest.mark.parametrize(
    "address",
    [
        KNOWN,
        "Jane.Smith@partner.example.org",
        "john.brown@partner.example.org",
        "jane.smith@council.gov.uk",
        "john.smith@partner.example.com",
        "jane.smith@nhs.net",
    ],
)
def test_others_are_not(address: str) -> None:
    assert not near_miss(Address.parse(address), [Address.parse(KNOWN)])


def test_short_names_are_not_compared_letter_by_letter() -> None:
    assert not near_miss(Address.parse("jo@x.org"), [Address.parse("jb@x.org")])
    assert not near_miss(Address.parse("a@x.org"), [Address.parse("a@y.org")])


@pytest.mark.parametrize(
    ("domain", "near"),
    [
        ("exarnple.gov.uk", True),
        ("exampel.gov.uk", True),
        ("example.gov.co", False),
        ("example.govuk", True),
        ("exampleg.ov.uk", True),
        ("example.gov.uk", False),
        ("sub.example.gov.uk", False),
        ("example.ac.uk", False),
        ("kent.gov.uk", False),
    ],
)
def test_a_domain_like_one_of_ours(domain: str, near: bool) -> None:
    assert near_miss(Address.parse(f"a@{domain}"), [], ["example.gov.uk", ".schools.x.uk"]) is near


def test_our_own_domains_are_not_near_each_other() -> None:
    assert not near_miss(Address.parse("a@bent.gov.uk"), [], ["kent.gov.uk", "bent.gov.uk"])


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_one_apart_is_one_change_and_works_both_ways(one: str, other: str) -> None:
    def changed(text: str) -> set[str]:
        cuts = [(text[:n], text[n:]) for n in range(len(text) + 1)]
        return {
            *(a + b[1:] for a, b in cuts if b),
            *(a + c + b for a, b in cuts for c in "ab"),
            *(a + c + b[1:] for a, b in cuts if b for c in "ab"),
            *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
        } - {text}

    assert one_apart(one, other) is (other in changed(one))
    assert one_apart(one, other) == one_apart(other, one)
