"""A shadow rule is asked, recorded and explained, and changes nothing."""

import pytest

from policies.decision import Outcome
from policies.extraction.passages import Content, Passage, Where
from policies.language.loader import load_text
from policies.trials import explain_report
from policies.trials.explain import explain
from tests.policies.mails import NHS_NUMBER, PARTNER, envelope, mail
from vault.address import Address

RULE = """version: 1
rules:
  - name: no-numbers
    when: {subject: {finds: nhs_number}}
    then: refuse
    shadow: yes
    tell_sender: Take it out.
  - name: no-bank
    when: {recipient: {domain: bank.example}}
    then: refuse
    shadow: yes
    tell_sender: Not to the bank.
  - name: warn-of-numbers
    when: {direction: external, subject: {finds: nhs_number}}
    then: warn
    shadow: yes
    tell_sender: Mind the number.
"""
FOUND = mail(f"Subject: {NHS_NUMBER}")


def test_it_fires_and_nothing_happens():
    (decision,) = load_text(RULE).decide(envelope(PARTNER), FOUND)
    assert decision.outcome is Outcome.RELAY
    assert (decision.because, decision.notes, decision.tell_sender) == ((), (), "")
    assert [reason.rule for reason in decision.shadow] == ["no-numbers", "warn-of-numbers"]
    assert "an NHS number" in decision.shadow[0].text


def test_without_shadow_the_same_rules_decide():
    policy = load_text(RULE.replace("    shadow: yes\n", "", 2))
    (decision,) = policy.decide(envelope(PARTNER), FOUND)
    assert decision.outcome is Outcome.REFUSE
    assert [reason.rule for reason in decision.shadow] == ["warn-of-numbers"]
    bank = Address.parse("jo@bank.example")
    assert policy.decide_recipient(envelope(str(bank)), bank) is not None


def test_it_refuses_nobody_at_rcpt():
    bank = Address.parse("jo@bank.example")
    assert load_text(RULE).decide_recipient(envelope(str(bank)), bank) is None


INSIDE = RULE.replace(
    "subject: {finds: nhs_number}}\n    then: refuse", "body: {finds: upn}}\n    then: refuse"
)


@pytest.mark.parametrize("shadow", [True, False])
def test_what_is_read_for_a_shadow_alone_has_no_say(shadow):
    text = INSIDE if shadow else INSIDE.replace("    shadow: yes\n", "", 1)
    policy = load_text(text)
    assert (policy.reads_inside, policy.asks_inside) == (True, not shadow)
    unread = Content(problems=("it could not be read",))
    (decision,) = policy.decide(envelope(PARTNER), mail("Subject: x"), unread)
    assert decision.outcome is (Outcome.RELAY if shadow else Outcome.SEAL)


def test_it_may_stand_beside_a_rule_that_outvotes_it():
    live = RULE.replace("    shadow: yes\n", "", 1)
    live = live.replace(
        "when: {recipient: {domain: bank.example}}", "when: {subject: {finds: nhs_number}}"
    )
    assert [rule.shadow for rule in load_text(live).rules] == [False, True, True]


def test_an_explanation_says_so():
    text = explain_report.text(explain(load_text(RULE), envelope(PARTNER), FOUND))
    assert "fired  no-numbers (line 3, refuse, only recorded): The subject seems" in text
    assert f"To {PARTNER}: relay" in text


def test_an_explanation_shows_what_was_found_inside_and_masks_it():
    said = f"Dear Jo, the number of the patient is {NHS_NUMBER}, born 14/03/2012. Patient again."
    content = Content(passages=(Passage(Where.BODY, said, 0), Passage(Where.BODY, "Nothing.", 1)))
    made = explain(load_text(RULE), envelope(PARTNER), mail("Subject: x"), content)
    text = explain_report.text(made)
    assert ", the number of the patient is *** *** ****, born" in text
    assert "an NHS number" in text.split("found: ", 1)[1].splitlines()[0]
    assert "Nothing." not in text
    for value in ("943", "476", "5919", "2012"):
        assert value not in text
