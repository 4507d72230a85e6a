"""What every condition asks and answers can be read, whichever way it comes out."""

import pytest

from policies.language.schema import Conditions
from policies.trials.negation import denied
from tests.policies.conditions.asking import policy

HEAD = """settings: {partners: {domains: nhs.net}}
groups: {friends: {domains: nhs.net}}
agreements:
  ours: {partner: P, purpose: x, domains: nhs.net, expires: 2030-01-01}
"""
EXAMPLES = {
    "direction": ["internal", "[partner, external]"],
    "sender": ["{in_group: friends}", "{mailbox: info, domain: nhs.net}", "{address: a@nhs.net}"],
    "recipient": [
        "{in_list: generic_mailboxes}",
        "{first_time: yes}",
        "{first_time: no}",
        "{near_miss: yes}",
        "{near_miss: no}",
    ],
    "external_recipients": ["{more_than: 1}"],
    "visible_recipients": ["{more_than: 5}"],
    "visible_domains": ["{more_than: 5}"],
    "subject": ["{finds: any}", "{contains: x}"],
    "body": ["{finds: nhs_number, contains: x}", "{severity: high, confidence: sure, at_least: 2}"],
    "attachment": ["{kind: zip}", "{encrypted: yes}", "{encrypted: no}", "{unscannable: yes}",
                   "{unscannable: no}", "{extension: exe, size_over: 1 MB}", "{name_contains: x}",
                   "{finds: any}"],
    "anywhere": ["{finds: identifiers}"],
    "flag": ["any"],
    "marking": ["{at_least: SECRET}"],
    "header": ["{name: X-A}", "{name: X-A, contains: b}"],
    "size_over": ["10 MB"],
    "unreadable": ["yes", "no"],
    "time": ["{days: weekend}", "{from: 08:00}", "{to: 18:00}", "{from: 18:00, to: 08:00}"],
    "agreement": ["any", "ours"],
    "route": ["{tls: verified}"],
}  # fmt: skip


def test_every_condition_has_an_example() -> None:
    assert set(EXAMPLES) == set(Conditions.model_fields)


@pytest.mark.parametrize("words", [(name, said) for name in EXAMPLES for said in EXAMPLES[name]])
def test_a_condition_asks_a_question_that_can_be_denied(words: tuple[str, str]) -> None:
    (condition,) = policy(f"{{{words[0]}: {words[1]}}}", head=HEAD).rules[0].when
    question = condition.asks
    assert question[0].islower() or question.startswith("To and Cc")
    assert not question.endswith(".")
    assert question.isascii()
    assert len(question) < 330
    assert not denied(question).startswith("Not so"), question


@pytest.mark.parametrize(
    ("finds", "said"),
    [
        ("any", "personal data of any kind"),
        ("identifiers", "an identifier"),
        ("[names, facts, nhs_number]", "a name or a fact about a person or an NHS number"),
    ],
)
def test_a_group_is_one_thing_that_is_looked_for(finds: str, said: str) -> None:
    (condition,) = policy(f"{{body: {{finds: {finds}}}}}").rules[0].when
    assert condition.asks == f"the text seems to contain {said}"
