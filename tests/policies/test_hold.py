"""Holding: what holds a mail, what lifts it, and what nothing lifts."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from policies.decision import Decision, Outcome
from policies.engine import Policy
from policies.language.loader import load_text
from policies.remedy import NO_REMEDY, Remedy, approvers_for
from policies.trials import explain_report
from policies.trials.explain import explain
from tests.policies.conditions.asking import Known
from tests.policies.mails import PARTNER, envelope, mail
from vault.address import Address

BOSS = Address.parse("boss@example.gov.uk")
DEPUTY = Address.parse("deputy@example.gov.uk")
EVE = Address.parse("eve@example.gov.uk")
COLLEAGUE = "kim@example.gov.uk"

HOLDS = """
version: 1
lists:
  officers: {kind: addresses, entries: [Deputy@example.gov.uk, boss@example.gov.uk]}
rules:
  - name: number-in-subject
    when: {subject: {finds: nhs_number}}
    then: hold
    tell_sender: "Not sent to anyone: the subject seems to contain {found}. Take it out."
  - name: word-in-subject
    when: {subject: {contains: merger}}
    then: hold
    hold: {for: approver, approvers: [boss@example.gov.uk, officers], expires_after: 2 days}
  - name: other-word
    when: {subject: {contains: takeover}}
    then: hold
    hold: {for: approver, approvers: deputy@example.gov.uk, seal_instead: yes}
  - name: never
    when: {subject: {contains: forbidden}}
    then: refuse
    tell_sender: Not sent to anyone.
  - name: sealed
    when: {direction: external, subject: {contains: secret}}
    then: seal
    seal: {expires_after: 5 days}
"""
NUMBER = "943 476 5919"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_text(HOLDS)


def decide(policy: Policy, subject: str, remedy: Remedy = NO_REMEDY, to: str = PARTNER) -> Decision:
    (decision,) = policy.decide(envelope(to), mail(f"Subject: {subject}"), remedy=remedy)
    return decision


def outcome(policy: Policy, subject: str, remedy: Remedy = NO_REMEDY) -> Outcome:
    return decide(policy, subject, remedy).outcome


def test_a_held_mail_says_why_and_for_whom(policy: Policy) -> None:
    held = decide(policy, f"About {NUMBER}")
    assert held.outcome is Outcome.HOLD
    assert held.stopped_by == ("the subject seems to contain an NHS number. Take it out.",)
    assert (held.hold.approvers, held.hold.seal_instead) == ((), True)
    assert held.hold.expires_after == timedelta(days=3)
    approval = decide(policy, "the merger")
    assert approval.stopped_by == ("The subject contains a word that the policy names.",)
    assert [str(one) for one in approval.hold.approvers] == [str(BOSS), str(DEPUTY)]
    assert not approval.hold.seal_instead
    assert approval.hold.expires_after == timedelta(days=2)


def test_the_most_protective_outcome_wins(policy: Policy) -> None:
    assert outcome(policy, f"secret {NUMBER}") is Outcome.HOLD
    assert outcome(policy, f"forbidden {NUMBER}") is Outcome.REFUSE
    assert outcome(policy, "secret") is Outcome.SEAL
    assert outcome(policy, "plain") is Outcome.RELAY


def test_of_several_rules_everybody_must_be_content(policy: Policy) -> None:
    held = decide(policy, "merger and takeover")
    assert held.hold.approvers == (DEPUTY,)
    assert not held.hold.seal_instead
    assert held.hold.expires_after == timedelta(days=2)
    assert len(held.stopped_by) == 1  # one sentence, said once
    assert decide(policy, f"merger {NUMBER}").hold.approvers == ()


def test_sealing_instead_lifts_what_allows_it(policy: Policy) -> None:
    sealed = Remedy(sealed=True)
    lifted = decide(policy, f"About {NUMBER}", sealed)
    assert lifted.outcome is Outcome.SEAL
    assert [reason.rule for reason in lifted.because] == ["number-in-subject", "sealed-by-choice"]
    assert outcome(policy, "the merger", sealed) is Outcome.HOLD
    assert outcome(policy, "the takeover", sealed) is Outcome.SEAL
    assert outcome(policy, "plain", sealed) is Outcome.SEAL
    assert outcome(policy, "forbidden", sealed) is Outcome.REFUSE
    assert decide(policy, "secret", sealed).expires_after == timedelta(days=5)


def test_sealing_is_for_those_outside(policy: Policy) -> None:
    sealed = Remedy(sealed=True)
    assert decide(policy, "plain", sealed, COLLEAGUE).outcome is Outcome.RELAY
    assert decide(policy, f"About {NUMBER}", sealed, COLLEAGUE).outcome is Outcome.HOLD


def test_approval_lifts_the_rules_that_name_the_approver(policy: Policy) -> None:
    assert outcome(policy, "the merger", Remedy(approver=BOSS)) is Outcome.RELAY
    assert outcome(policy, "the merger", Remedy(approver=EVE)) is Outcome.HOLD
    assert outcome(policy, "secret merger", Remedy(approver=BOSS)) is Outcome.SEAL
    assert outcome(policy, "merger and takeover", Remedy(approver=BOSS)) is Outcome.HOLD
    assert outcome(policy, "merger and takeover", Remedy(approver=DEPUTY)) is Outcome.RELAY
    assert outcome(policy, f"merger {NUMBER}", Remedy(approver=BOSS)) is Outcome.HOLD
    both = Remedy(approver=BOSS, sealed=True)
    assert outcome(policy, f"merger {NUMBER}", both) is Outcome.SEAL
    assert outcome(policy, "forbidden merger", both) is Outcome.REFUSE


def test_who_could_approve_a_whole_mail(policy: Policy) -> None:
    def approvers(*subjects: str) -> tuple[Address, ...]:
        return approvers_for([decide(policy, subject) for subject in subjects])

    assert approvers("the merger", "plain") == (BOSS, DEPUTY)
    assert approvers("the merger", "the takeover") == (DEPUTY,)
    assert approvers("the merger", f"{NUMBER}") == ()
    assert approvers("the merger", "forbidden") == ()
    assert approvers("plain") == ()


SUBJECTS = ["plain", "secret", "forbidden", "merger", "takeover", NUMBER]


def test_a_remedy_never_weakens_what_seals_or_refuses(policy: Policy) -> None:
    """Every combination of what fires and what is done about it."""
    unheld = replace(policy, rules=tuple(r for r in policy.rules if r.then is not Outcome.HOLD))
    remedies = [Remedy(sealed=s, approver=a) for s, a in product((False, True), (None, BOSS, EVE))]
    tried = 0
    for count in range(1, 2 ** len(SUBJECTS)):
        subject = " and ".join(word for bit, word in enumerate(SUBJECTS) if count >> bit & 1)
        floor = outcome(unheld, subject).protection
        before = outcome(policy, subject).protection
        for remedy in remedies:
            after = outcome(policy, subject, remedy).protection
            assert after >= floor, (subject, remedy)
            assert after <= max(before, Outcome.SEAL.protection), (subject, remedy)
            tried += 1
    assert tried == 63 * 6


def test_the_explanation_names_the_terms(policy: Policy) -> None:
    said = explain_report.text(explain(policy, envelope(PARTNER), mail("Subject: the merger")))
    assert "hold" in said
    assert "for an approver" in said
    assert "deleted after 2 days" in said


DOUBTS = """
version: 1
rules:
  - name: look-alike
    when: {recipient: {near_miss: yes}}
    then: hold
  - name: for-the-boss
    when: {recipient: {near_miss: yes}, subject: {contains: merger}}
    then: hold
    hold: {for: approver, approvers: boss@example.gov.uk}
  - name: asked-as-well
    when: {recipient: {near_miss: yes}, subject: {contains: takeover}}
    then: hold
    hold: {for: approver, approvers: boss@example.gov.uk, confirm: yes}
  - name: not-to-be-argued-with
    when: {recipient: {near_miss: yes}, subject: {contains: payroll}}
    then: hold
    hold: {confirm: no}
  - name: never
    when: {recipient: {near_miss: yes}, subject: {contains: forbidden}}
    then: refuse
    tell_sender: Not sent to anyone.
  - name: sealed
    when: {recipient: {near_miss: yes}, subject: {contains: secret}}
    then: seal
"""
NEAR = "jo.blogs@partner.example.org"
RIGHT = Remedy(confirmed=(Address.parse(NEAR),))


@pytest.mark.parametrize(
    ("subject", "outcome"),
    [
        ("plain", Outcome.RELAY),
        ("merger", Outcome.HOLD),
        ("takeover", Outcome.RELAY),
        ("payroll", Outcome.HOLD),
        ("forbidden", Outcome.REFUSE),
        ("secret", Outcome.SEAL),
    ],
)
def test_a_confirmed_address_lifts_what_its_sender_may_answer(
    subject: str, outcome: Outcome
) -> None:
    known = Known(often=("jo.bloggs@partner.example.org",))
    rules, sent = load_text(DOUBTS), (envelope(NEAR), mail(f"Subject: {subject}"))
    (before,) = rules.decide(*sent, knowledge=known)
    assert before.outcome in {Outcome.HOLD, Outcome.REFUSE}
    assert before.hold.confirm is (before.outcome is Outcome.HOLD)
    other = Remedy(confirmed=(Address.parse(PARTNER), Address.parse("jo.blogs@partner.example")))
    assert rules.decide(*sent, knowledge=known, remedy=other)[0].outcome is before.outcome
    assert rules.decide(*sent, knowledge=known, remedy=RIGHT)[0].outcome is outcome
