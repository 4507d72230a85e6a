"""The question of a condition, answered with no, is good English and means the opposite."""

import pytest

from policies.language.loader import STARTER, load
from policies.trials.negation import denied

SAID = {
    "the recipient is outside the organisation": "The recipient is not outside the organisation.",
    "the sender marked the mail": "The sender did not mark the mail.",
    "the message cannot be fully inspected": "The message can be fully inspected.",
    "the message can be fully inspected": "The message cannot be fully inspected.",
    "the sender has not written to the recipient before": (
        "The sender has written to the recipient before."
    ),
    "the recipient's address is on the list a or b and at nhs.net": (
        "The recipient's address is not both on the list a or b and at nhs.net."
    ),
    "the subject seems to contain a postcode and contains one of the policy's words": (
        "The subject does not seem to contain a postcode, "
        "or does not contain one of the policy's words."
    ),
    "there are more than 10 recipients": "There are not more than 10 recipients.",
}


@pytest.mark.parametrize("question", SAID)
def test_a_denied_question_reads_like_this(question):
    assert denied(question) == SAID[question]


@pytest.mark.parametrize("path", sorted(STARTER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_condition_of_the_starters_can_be_denied(path):
    for rule in load(path).rules:
        for condition in (*rule.when, *rule.unless):
            assert not denied(condition.asks).startswith("Not so"), condition.asks


def test_a_question_without_a_known_verb_is_still_answered():
    assert denied("it rains") == "Not so: it rains."
