"""Deciding: all rules are read, the most protective outcome wins, and reasons quote nothing."""

from datetime import timedelta

import pytest

from policies.decision import Outcome
from policies.engine import Policy
from policies.envelope import Envelope
from policies.extraction.passages import Attachment, Content, State
from policies.language.loader import load_text
from tests.policies.mails import NHS_NUMBER, PARTNER, envelope, mail
from vault.address import Address

TOLD = "tell_sender: Not sent."


def policy(*rules: str, head: str = "") -> Policy:
    """Return a policy; each rule is a flow mapping without its name."""
    lines = [f"  - {{name: rule-{n}, {rule}}}" for n, rule in enumerate(rules, start=1)]
    return load_text("version: 1\n" + head + "rules:\n" + "\n".join(lines) + "\n")


def outcomes(policy: Policy, envelope: Envelope, *headers: str) -> list[str]:
    return [str(decision.outcome) for decision in policy.decide(envelope, mail(*headers))]


SEAL_OUT = "when: {direction: external}, then: seal"
REFUSE_X = f"when: {{subject: {{contains: xenon}}}}, then: refuse, {TOLD}"
RELAY_X = "when: {subject: {contains: xenon}}, then: relay"


def test_without_a_rule_that_fires_mail_is_relayed():
    (decision,) = policy(REFUSE_X).decide(envelope(PARTNER), mail("Subject: argon"))
    assert (decision.outcome, decision.because) == (Outcome.RELAY, ())


@pytest.mark.parametrize("rules", [(SEAL_OUT, REFUSE_X), (REFUSE_X, SEAL_OUT)])
def test_the_most_protective_outcome_wins_wherever_it_stands(rules):
    (decision,) = policy(*rules).decide(envelope(PARTNER), mail("Subject: xenon"))
    assert decision.outcome is Outcome.REFUSE
    assert [reason.rule for reason in decision.because] == ["rule-1", "rule-2"]


def test_a_relay_rule_takes_no_protection_away():
    assert outcomes(policy(RELAY_X, SEAL_OUT), envelope(PARTNER), "Subject: xenon") == ["seal"]


def test_outcomes_are_ordered_by_protection():
    order = sorted(Outcome, key=lambda outcome: outcome.protection, reverse=True)
    assert order == [Outcome.REFUSE, Outcome.HOLD, Outcome.SEAL, Outcome.RELAY]


def test_each_recipient_gets_a_decision_in_envelope_order():
    people = envelope("a@example.gov.uk", PARTNER, "b@lea.schools.example.gov.uk", "c@example.org")
    decisions = policy(SEAL_OUT).decide(people, mail("Subject: x"))
    assert [str(d.recipient) for d in decisions] == [str(r) for r in people.recipients]
    assert [str(d.outcome) for d in decisions] == ["relay", "seal", "relay", "seal"]


@pytest.mark.parametrize(
    "recipient",
    [
        "a@example.gov.uk.evil.example",
        "a@xexample.gov.uk",
        "a@schools.example.gov.uk",
        "a@sub.example.gov.uk",
        "example.gov.uk@example.org",
    ],
)
def test_a_look_alike_of_our_domain_is_external(recipient):
    assert outcomes(policy(SEAL_OUT), envelope(recipient), "Subject: x") == ["seal"]


def test_headers_about_recipients_play_no_part():
    decision = policy(SEAL_OUT).decide(
        envelope(PARTNER), mail("Cc: a@example.gov.uk", "Resent-To: a@example.gov.uk")
    )[0]
    assert decision.outcome is Outcome.SEAL


def test_all_conditions_must_hold_and_any_entry_is_enough():
    rules = policy("when: {direction: external, subject: {contains: [argon, xenon]}}, then: seal")
    assert outcomes(rules, envelope(PARTNER), "Subject: xenon") == ["seal"]
    assert outcomes(rules, envelope(PARTNER), "Subject: argon") == ["seal"]
    assert outcomes(rules, envelope(PARTNER), "Subject: neon") == ["relay"]
    assert outcomes(rules, envelope("a@example.gov.uk"), "Subject: xenon") == ["relay"]


def test_both_tests_of_a_subject_must_hold():
    rules = policy("when: {subject: {contains: xenon, finds: nhs_number}}, then: seal")
    assert outcomes(rules, envelope(PARTNER), f"Subject: xenon {NHS_NUMBER}") == ["seal"]
    assert outcomes(rules, envelope(PARTNER), f"Subject: argon {NHS_NUMBER}") == ["relay"]
    assert outcomes(rules, envelope(PARTNER), "Subject: xenon") == ["relay"]


def test_an_exception_holds_only_as_a_whole():
    rules = policy(
        "when: {direction: external}, then: seal, "
        "except: {recipient: {domain: .example.org}, subject: {contains: xenon}}"
    )
    assert outcomes(rules, envelope(PARTNER), "Subject: xenon") == ["relay"]
    assert outcomes(rules, envelope(PARTNER), "Subject: argon") == ["seal"]
    assert outcomes(rules, envelope("a@example.com"), "Subject: xenon") == ["seal"]


def test_sender_conditions_read_the_envelope_and_the_null_sender_passes_none():
    rules = policy("when: {sender: {domain: example.gov.uk}}, then: seal")
    assert outcomes(rules, envelope(PARTNER), "Sender: x@other.example") == ["seal"]
    other = envelope(PARTNER, sender="x@other.example")
    assert outcomes(rules, other, "Sender: ann.clerk@example.gov.uk") == ["relay"]
    assert outcomes(rules, envelope(PARTNER, sender=None), "Subject: x") == ["relay"]


def test_the_first_refusing_rule_speaks():
    rules = policy(
        SEAL_OUT,
        "when: {subject: {contains: xenon}}, then: refuse, tell_sender: First.",
        "when: {subject: {contains: argon}}, then: refuse, tell_sender: Second.",
    )
    decide = rules.decide
    assert decide(envelope(PARTNER), mail("Subject: argon xenon"))[0].tell_sender == "First."
    assert decide(envelope(PARTNER), mail("Subject: argon"))[0].tell_sender == "Second."
    assert decide(envelope(PARTNER), mail("Subject: neon"))[0].tell_sender == ""


def test_the_strictest_terms_of_the_sealing_rules_hold():
    rules = policy(
        "when: {subject: {contains: xenon}}, then: seal, seal: {expires_after: 60 days}",
        "when: {subject: {contains: argon}}, then: seal, seal: {expires_after: 2 days}",
        "when: {subject: {contains: neon}}, then: seal, seal: {replies: no}",
        "when: {subject: {contains: radon}}, then: seal, seal: {replies: yes}",
        head="settings: {seal: {expires_after: 30 days, replies: yes}}\n",
    )

    def terms(subject: str) -> tuple[timedelta | None, bool]:
        (decision,) = rules.decide(envelope(PARTNER), mail(f"Subject: {subject}"))
        return decision.expires_after, decision.reply_allowed

    assert terms("xenon") == (timedelta(days=60), True)
    assert terms("xenon argon neon") == (timedelta(days=2), False)
    assert terms("radon neon") == (timedelta(days=30), False)
    assert terms("neon") == (timedelta(days=30), False)


def test_unset_terms_leave_the_expiry_to_the_installation():
    (decision,) = policy(SEAL_OUT).decide(envelope(PARTNER), mail("Subject: x"))
    assert (decision.expires_after, decision.reply_allowed) == (None, True)


# What RCPT TO can be answered from.


def test_an_envelope_rule_refuses_before_there_is_a_message():
    rules = policy(
        "when: {recipient: {domain: example.org}}, then: refuse, tell_sender: Not there.",
        "when: {direction: external}, then: seal",
    )
    refused = rules.decide_recipient(envelope(), Address.parse("a@example.org"))
    assert refused is not None
    assert (refused.outcome, refused.tell_sender) == (Outcome.REFUSE, "Not there.")
    assert [reason.rule for reason in refused.because] == ["rule-1"]
    assert rules.decide_recipient(envelope(), Address.parse("a@example.com")) is None


@pytest.mark.parametrize(
    "rule",
    [
        f"when: {{direction: external, flag: any}}, then: refuse, {TOLD}",
        f"when: {{direction: external}}, except: {{flag: any}}, then: refuse, {TOLD}",
        f"when: {{direction: external, unreadable: yes}}, then: refuse, {TOLD}",
        f"when: {{direction: external, subject: {{contains: x}}}}, then: refuse, {TOLD}",
        "when: {direction: external}, then: seal",
    ],
)
def test_a_rule_that_needs_the_content_waits_for_it(rule):
    assert policy(rule).decide_recipient(envelope(PARTNER), Address.parse(PARTNER)) is None


def test_a_refusal_at_rcpt_is_a_refusal_after_data_too():
    rules = policy(f"when: {{direction: external}}, then: refuse, {TOLD}")
    assert outcomes(rules, envelope(PARTNER), "Subject: x") == ["refuse"]


# What cannot be inspected.

DEEP = "".join(
    f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(60)
)


def test_what_cannot_be_inspected_is_sealed_for_externals_and_relayed_inside():
    outline = mail(
        "MIME-Version: 1.0", DEEP.split("\r\n")[0], body=DEEP.split("\r\n", 2)[2].encode()
    )
    assert outline.problems
    inside, outside = policy(REFUSE_X).decide(envelope("a@example.gov.uk", PARTNER), outline)
    assert (inside.outcome, inside.because) == (Outcome.RELAY, ())
    assert outside.outcome is Outcome.SEAL
    assert [(reason.rule, reason.line) for reason in outside.because] == [("uninspectable", 0)]


def test_a_refusal_stands_even_if_the_mail_cannot_be_inspected():
    outline = mail("Subject: xenon", "MIME-Version: 1.0", DEEP.split("\r\n")[0],
                   body=DEEP.split("\r\n", 2)[2].encode())  # fmt: skip
    (decision,) = policy(REFUSE_X).decide(envelope(PARTNER), outline)
    assert decision.outcome is Outcome.REFUSE
    assert [reason.rule for reason in decision.because] == ["rule-1", "uninspectable"]


def test_a_policy_may_refuse_what_cannot_be_inspected():
    rules = policy(f"when: {{unreadable: yes}}, then: refuse, {TOLD}")
    outline = mail("Subject: " + "x" * 100_000)
    assert outline.problems
    assert rules.decide(envelope("a@example.gov.uk"), outline)[0].outcome is Outcome.REFUSE
    assert outcomes(rules, envelope(PARTNER), "Subject: x") == ["relay"]


LOCKED = Attachment(1, ("plan.zip",), "application/zip", "zip", 9, State.ENCRYPTED)


@pytest.mark.parametrize(
    "content",
    [Content(attachments=(LOCKED,)), Content(problems=("The attachments took too long to read.",))],
)
def test_content_that_was_not_read_is_sealed_for_externals(content):
    people = envelope("a@example.gov.uk", PARTNER)
    inside, outside = policy(REFUSE_X).decide(people, mail("Subject: x"), content)
    assert (inside.outcome, outside.outcome) == (Outcome.RELAY, Outcome.SEAL)
    assert [reason.rule for reason in outside.because] == ["uninspectable"]


# Reasons.


def test_reasons_name_the_finding_and_never_the_value():
    rules = policy(
        "when: {subject: {finds: nhs_number}}, then: refuse, "
        'tell_sender: "Not sent: remove {found}."',
        "when: {subject: {contains: secretword}}, then: seal",
    )
    (decision,) = rules.decide(envelope(PARTNER), mail(f"Subject: secretword {NHS_NUMBER}"))
    assert decision.because[0].text == "The subject seems to contain an NHS number."
    assert decision.tell_sender == "Not sent: remove an NHS number."
    shown = repr(decision)
    assert NHS_NUMBER not in shown
    assert "secretword" not in shown


def test_the_same_mail_gets_the_same_decision():
    rules = policy(SEAL_OUT, REFUSE_X)
    people = envelope(PARTNER, "b@example.com")
    outline = mail("Subject: xenon [secure]")
    assert len({rules.decide(people, outline) for _ in range(20)}) == 1


def test_no_recipients_no_decisions():
    assert policy(SEAL_OUT).decide(envelope(), mail("Subject: x")) == ()
