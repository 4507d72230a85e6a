"""What goes with an outcome: which terms hold where rules disagree, notes and changes."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.decision import Decision, Outcome
from policies.language.loader import load_text
from policies.restricting import restrictions
from policies.terms import (
    DELETE_AFTER_USE,
    Changes,
    Otherwise,
    Protection,
    RelayTerms,
    SealTerms,
    Tls,
)
from tests.policies.mails import PARTNER, STAFF, envelope, mail
from vault.packages.strength import Strength

EVERY = "when: {sender: {domain: example.gov.uk}}"
TO_PARTNERS = "when: {recipient: {domain: partner.example.org}}"


def decided(*rules: str, settings: str = "{}", to: str = PARTNER, subject: str = "Hi") -> Decision:
    text = f"version: 1\nsettings: {settings}\nrules:\n"
    conditions = (EVERY, TO_PARTNERS, "when: {direction: external}")
    for number, rule in enumerate(rules):
        condition = conditions[number % 3] if "when" not in rule else ""
        block = "\n".join(f"    {line}" for line in f"{condition}\n{rule}".strip().splitlines())
        text += f"  - name: rule-{number}\n{block}\n"
    policy = load_text(text)
    (decision,) = policy.decide(envelope(to), mail(f"Subject: {subject}"))
    return decision


def test_the_strictest_terms_of_sealing_rules_hold() -> None:
    first = (
        "then: seal\n"
        "seal: {expires_after: 30 days, not_before: 1 hour, replies: yes, view_only: yes}"
    )
    second = (
        "then: seal\n"
        "seal: {expires_after: 40 days, not_before: 2 hours, replies: no, protection: high, "
        "sign_in: code}"
    )
    third = "then: seal\nseal: {protection: normal, view_only: no}"
    expected = SealTerms(
        expires_after=timedelta(days=30),
        not_before=timedelta(hours=2),
        replies=False,
        view_only=True,
        sign_in=Strength.CODE,
        protection=Protection.HIGH,
    )
    assert decided(first, second, third).seal == expected
    assert decided(third, second, first).seal == expected


def test_the_strictest_of_keeping_and_hours_hold() -> None:
    first = (
        "then: seal\nseal: {open_hours: Mon-Fri 08:00-18:00 Europe/London, retention: 90 days, "
        "kept_after_expiry: 20 days, reminders: 3}"
    )
    second = (
        "then: seal\nseal: {open_hours: 'Mon-Sun 09:00-20:00', retention: 30 days, reminders: 0, "
        "kept_after_expiry: 60 days}"
    )
    for rules in ((first, second), (second, first)):
        terms = decided(*rules).seal
        assert terms.open_hours is not None
        assert {week.text for week in terms.open_hours.weeks} == {
            "Mon-Fri 08:00-18:00 Europe/London",
            "Mon-Sun 09:00-20:00 Europe/London",
        }
        assert (terms.retention, terms.reminders) == (timedelta(days=30), 0)
        assert terms.kept_after_expiry == timedelta(days=20)
        limits = restrictions([terms], datetime(2026, 11, 2, tzinfo=UTC))
        assert limits.open_hours == terms.open_hours
        assert (limits.kept_after_expiry, limits.reminders) == (timedelta(days=20), 0)
    words = list(decided(first).seal.words())
    assert words[0] == "open Mon-Fri 08:00-18:00 Europe/London"
    assert "kept 90 days if it does not expire" in words


def test_where_nobody_says_how_often_one_reminder_is_sent() -> None:
    limits = restrictions([decided("then: seal").seal], datetime(2026, 11, 2, tzinfo=UTC))
    assert (limits.reminders, limits.retention, limits.open_hours) == (1, None, None)


def test_what_no_rule_says_is_as_usual() -> None:
    usual = "{seal: {view_only: yes, protection: high, expires_after: 7 days}}"
    terms = decided("then: seal\nseal: {protection: normal}", settings=usual).seal
    assert (terms.view_only, terms.protection) == (True, Protection.NORMAL)
    assert terms.expires_after == timedelta(days=7)


def test_terms_of_a_rule_that_was_outvoted_do_not_count() -> None:
    decision = decided(
        "then: relay\nrelay: {tls: verified, route: police}\nadd: {delete_after_use: yes}",
        "then: seal\nseal: {replies: no}",
    )
    assert decision.outcome is Outcome.SEAL
    assert (decision.relay, decision.changes) == (RelayTerms(), Changes())
    assert decision.seal == SealTerms(replies=False)


def test_the_strictest_way_holds_and_the_first_route() -> None:
    decision = decided(
        "then: relay\nrelay: {tls: required, else: refuse}",
        "then: relay\nrelay: {tls: verified, route: police}",
        "then: relay\nrelay: {tls: opportunistic, route: other}",
    )
    assert decision.outcome is Outcome.RELAY
    assert decision.relay == RelayTerms(
        tls=Tls.VERIFIED, route="police", otherwise=Otherwise.REFUSE
    )
    assert list(decision.words()) == ["route police", "TLS verified", "else refuse"]


def test_mail_that_may_have_to_be_sealed_has_its_terms() -> None:
    usual = "{seal: {expires_after: 7 days}}"
    plain = decided("then: relay\nrelay: {tls: verified}", settings=usual)
    assert plain.seal.expires_after == timedelta(days=7)
    own = decided(
        "then: relay\nrelay: {tls: verified}\nseal: {expires_after: 2 days}", settings=usual
    )
    assert own.seal.expires_after == timedelta(days=2)


@pytest.mark.parametrize(
    ("other", "outcome", "told"),
    [
        ("then: relay", Outcome.RELAY, True),
        ("then: seal", Outcome.SEAL, True),
        ("then: refuse\ntell_sender: No.", Outcome.REFUSE, False),
    ],
)
def test_a_warning_changes_no_outcome(other: str, outcome: Outcome, told: bool) -> None:
    warning = "then: warn\ntell_sender: Check the address."
    decision = decided(warning, other)
    assert decision.outcome is outcome
    assert [(note.rule, note.text) for note in decision.notes] == [
        ("rule-0", "Check the address.")
    ] * told
    assert decision.because[0].rule == "rule-0"


def test_a_warning_alone_relays_and_names_kinds_only() -> None:
    rule = (
        "when: {subject: {finds: [nhs_number]}}\nthen: warn\n"
        'tell_sender: "The subject seems to contain {found}."'
    )
    decision = decided(rule, subject="NHS 943 476 5919", to=STAFF)
    assert decision.outcome is Outcome.RELAY
    assert [note.text for note in decision.notes] == ["The subject seems to contain an NHS number."]
    assert "943" not in repr(decision)


def test_every_statement_and_header_counts_once_and_outside_only() -> None:
    rules = (
        "then: relay\nadd: {disclaimer: Ours., delete_after_use: yes}\nsubject: neutral",
        "then: warn\ntell_sender: x\nadd: {disclaimer: Ours.}\nremove_headers: internal",
        "when: {flag: any}\nthen: relay\nremove_headers: [internal, X-Mailer]",
    )
    outside = decided(*rules, subject="[secure] Hi")
    assert outside.changes == Changes(
        statements=("Ours.", DELETE_AFTER_USE),
        neutral_subject=True,
        remove_headers=("internal", "X-Mailer"),
    )
    inside = decided(*rules, to="boss@example.gov.uk")
    assert inside.changes == Changes(neutral_subject=True)


def test_the_routes_of_a_policy_are_known() -> None:
    text = (
        "version: 1\nrules:\n  - name: a\n    when: {flag: any}\n    then: relay\n"
        "    relay: {route: police}\n"
    )
    assert load_text(text).routes == {"police"}
