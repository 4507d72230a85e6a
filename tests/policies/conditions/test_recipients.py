"""Conditions about who writes to whom, how many there are, and what the past says."""

import pytest

from policies.engine import Policy
from policies.language.loader import load_text
from tests.policies.conditions.asking import Known, policy, why
from tests.policies.mails import PARTNER, STAFF, envelope, mail
from vault.address import Address

INSIDE = "bob@example.gov.uk"
PARTNERS = """settings:
  partners:
    domains: [partner.example.org, .cjsm.net]
    in_list: friends
    except: exceptions
lists:
  friends: {kind: domains, entries: [friend.example.com, old.cjsm.net]}
  exceptions: {kind: domains, entries: [old.cjsm.net]}
"""


@pytest.mark.parametrize(
    ("recipient", "side"),
    [
        (INSIDE, "internal"),
        ("a@x.schools.example.gov.uk", "internal"),
        (PARTNER, "partner"),
        ("a@court.cjsm.net", "partner"),
        ("a@cjsm.net", "external"),
        ("a@friend.example.com", "partner"),
        ("a@old.cjsm.net", "external"),
        ("a@evilpartner.example.org", "external"),
        ("a@partner.example.org.evil.com", "external"),
        ("a@gmail.com", "external"),
    ],
)
def test_every_recipient_is_on_exactly_one_side(recipient: str, side: str) -> None:
    for word in ("internal", "partner", "external"):
        rules = policy(f"{{direction: {word}}}", head=PARTNERS)
        assert bool(why(rules, to=recipient)) is (word == side)


def test_several_sides_may_be_named_and_nobody_is_a_partner_unless_named() -> None:
    both = policy("{direction: [partner, external]}", head=PARTNERS)
    assert why(both, to=PARTNER) == "The recipient is at a partner organisation."
    assert why(both, to="a@gmail.com") == "The recipient is outside the organisation."
    assert why(both, to=INSIDE) == ""
    assert why(policy("{direction: external}"), to=PARTNER)


GROUPS = """lists:
  boss: {kind: addresses, entries: [boss@example.gov.uk]}
groups:
  social_care:
    addresses: Ann.Clerk@example.gov.uk
    domains: [care.example.gov.uk]
    mailboxes: [duty]
    in_list: boss
"""


@pytest.mark.parametrize(
    ("sender", "belongs"),
    [
        (STAFF, True),
        ("ANN.CLERK@example.gov.uk", True),
        ("boss@example.gov.uk", True),
        ("x@care.example.gov.uk", True),
        ("du.ty@elsewhere.example.gov.uk", True),
        ("bob@example.gov.uk", False),
        (None, False),
    ],
)
def test_a_group_is_everybody_any_of_its_lines_names(sender: str | None, belongs: bool) -> None:
    rules = policy("{sender: {in_group: social_care}}", head=GROUPS)
    assert bool(why(rules, sender=sender)) is belongs


@pytest.mark.parametrize(
    ("test", "passing", "failing"),
    [
        ("address: Jo.Bloggs@partner.example.org", PARTNER, "jo@partner.example.org"),
        ("mailbox: [info, enquiries]", "Info@nhs.net", "infos@nhs.net"),
        ("mailbox: '*-list'", "parents.list@x.org", "stylist@x.org"),
        ("mailbox: 'all-*'", "all_staff@x.org", "allison@x.org"),
        ("domain: lists.", "x@lists.example.org", "x@example.lists.org"),
        ("in_list: personal_webmail", "a@gmail.com", PARTNER),
        ("in_list: generic_mailboxes", "enquiries@x.org", PARTNER),
        ("{mailbox: info, domain: nhs.net}", "info@nhs.net", "info@nhs.uk"),
    ],
)
def test_tests_of_an_address(test: str, passing: str, failing: str) -> None:
    rules = policy(f"{{recipient: {test if test.startswith('{') else '{' + test + '}'}}}")
    assert why(rules, to=passing)
    assert not why(rules, to=failing)


def test_a_list_that_ships_need_not_be_declared_and_a_declared_one_replaces_it() -> None:
    head = "lists:\n  personal_webmail: {kind: domains, entries: [only.example.com]}\n"
    rules = policy("{recipient: {in_list: personal_webmail}}", head=head)
    assert not why(rules, to="a@gmail.com")
    assert why(rules, to="a@only.example.com")


# The sender's past.


def test_a_recipient_is_new_until_the_sender_has_written_to_it() -> None:
    rules = policy("{recipient: {first_time: yes}}")
    assert why(rules) == "The sender has not written to the recipient before."
    assert not why(rules, known=Known(sent=(PARTNER,)))
    known_only = policy("{recipient: {first_time: no}}")
    assert why(known_only, known=Known(sent=(PARTNER,)))
    assert not why(known_only)
    assert not why(rules, sender=None)


def test_a_near_miss_of_a_frequent_recipient_is_seen() -> None:
    rules = policy("{recipient: {near_miss: yes}}")
    assert why(rules, to="jo.blogs@partner.example.org", known=Known(often=(PARTNER,)))
    assert not why(rules, to=PARTNER, known=Known(often=(PARTNER,)))
    assert not why(rules, to="mary.major@partner.example.org", known=Known(often=(PARTNER,)))
    assert not why(rules, to="jo.blogs@partner.example.org")
    assert why(rules, to="bob@exarnple.gov.uk")


def test_the_past_is_asked_only_by_rules_that_need_it_and_never_at_rcpt() -> None:
    known = Known()
    why(policy("{direction: external}"), known=known)
    assert known.asked == []
    rules = load_text(
        "version: 1\nrules:\n  - name: a-rule\n    when: {recipient: {first_time: yes}}\n"
        "    then: refuse\n    tell_sender: Not sent.\n"
    )
    assert rules.decide_recipient(envelope(), Address.parse(PARTNER), known) is None
    assert known.asked == []


# How many.


def many(count: int, domain: str = "") -> list[str]:
    return [f"p{n}@{domain or f'd{n}.example.com'}" for n in range(count)]


def test_external_recipients_are_those_of_the_envelope_partners_and_bcc_included() -> None:
    rules = policy("{external_recipients: {more_than: 3}}", head=PARTNERS)
    assert not why(rules, to=[*many(3), INSIDE, "c@example.gov.uk"])
    assert why(rules, to=[INSIDE, *many(3), PARTNER]) == (
        "The mail has 4 recipients outside the organisation."
    )


@pytest.mark.parametrize("header", ["To", "Cc", "TO", "Resent-Cc"])
def test_visible_addresses_and_domains_are_those_outside_in_to_and_cc(header: str) -> None:
    same, different = ", ".join(many(4, "gmail.com")), ", ".join(many(4))
    ours = ", ".join(many(9, "example.gov.uk"))
    shown = policy("{visible_recipients: {more_than: 3}}")
    domains = policy("{visible_domains: {more_than: 3}}")
    assert why(shown, f"{header}: {same}, {ours}") in {
        "To and Cc show 4 addresses outside.",
        "To and Cc show 5 addresses outside.",
    }
    assert not why(domains, f"{header}: {same}, {ours}")
    assert why(domains, f"{header}: {different}")
    assert not why(shown, f"{header}: {ours}")
    assert not why(shown, f"Bcc: {different}")


def test_two_headers_and_groups_are_counted_together() -> None:
    rules = policy("{visible_domains: {more_than: 4}}")
    head = [f"To: {', '.join(many(2))}", f"To: Friends: {', '.join(many(4))};"]
    assert why(rules, *head) == "To and Cc show 5 domains outside."  # with somebody@example.org


def test_a_count_is_not_asked_before_the_mail_is_complete() -> None:
    rules = load_text(
        "version: 1\nrules:\n  - name: a-rule\n    when: {external_recipients: {more_than: 0}}\n"
        "    then: refuse\n    tell_sender: Not sent.\n"
    )
    assert rules.decide_recipient(envelope(PARTNER), Address.parse(PARTNER)) is None
    assert rules.decide(envelope(PARTNER), mail("Subject: x"))[0].outcome == "refuse"


# Agreements.

AGREED = """agreements:
  youth-justice:
    partner: Example Youth Justice Service
    purpose: safeguarding
    domains: [partner.example.org]
    starts: 2026-04-01
    expires: 2026-11-24
"""


def at(rules: Policy, moment: str) -> bool:
    from datetime import datetime

    return bool(why(rules, known=Known(now=datetime.fromisoformat(moment))))


@pytest.mark.parametrize("named", ["youth-justice", "any", "[youth-justice]"])
def test_an_agreement_holds_from_its_first_to_its_last_day_in_london(named: str) -> None:
    rules = policy(f"{{agreement: {named}}}", head=AGREED)
    assert not at(rules, "2026-03-31T22:59:59+00:00")
    assert at(rules, "2026-03-31T23:00:00+00:00")  # midnight in London: summer time
    assert at(rules, "2026-11-24T23:59:59+00:00")
    assert not at(rules, "2026-11-25T00:00:00+00:00")
    assert not why(rules, to="a@other.example.org")


def test_why_an_agreement_covers_names_it_and_says_until_when() -> None:
    assert why(policy("{agreement: any}", head=AGREED)) == (
        "The agreement youth-justice with Example Youth Justice Service covers the recipient "
        "until 2026-11-24."
    )


def test_a_route_holds_only_where_tls_is_known_to_be_verified() -> None:
    rules = policy("{route: {tls: verified}}")
    assert why(rules, known=Known(verified=("partner.example.org",)))
    assert not why(rules, known=Known(verified=("example.org",)))
    assert not why(rules)
