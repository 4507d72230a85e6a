"""Everyday mails leave in the clear under every starter; with one sentence about somebody, none."""

from pathlib import Path

import pytest

from bench.detection.hiding import decide
from policies.decision import Decision, Outcome
from policies.language.loader import load
from tests.golden.everyday_mails import SECTORS, everyday_mails

# Many texts through the same code: counting its lines takes longer than running it.
pytestmark = pytest.mark.no_cover

STARTERS = ("council", "school", "health", "charity")
MAILS = {name: mail for name, _, mail in everyday_mails()}
# A list of novels, whose heroes are ill: nobody can tell by the words that they never lived.
OF_NOVELS = {"school-22-answer", "school-22-invitation"}
# The school's own list of words seals a mail by itself, whoever it is about.
BY_WORDS = "seal-safeguarding"
SENTENCES = (
    "Jake Thornton was diagnosed with epilepsy in May.",
    "Mrs Kowalczyk is behind with her rent.",
    "We spoke to Daniel Osei; his grievance was not upheld.",
    "Her NHS number is 943 476 5919.",
)


def sealed_by_findings(decision: Decision) -> bool:
    if decision.outcome is Outcome.RELAY:
        return False
    return any(reason.rule != BY_WORDS for reason in decision.because)


def test_there_are_enough_and_they_never_change() -> None:
    assert len(set(MAILS.values())) == len(MAILS) >= 240
    assert {name.partition("-")[0] for name in MAILS} == set(SECTORS)
    assert {name: mail for name, _, mail in everyday_mails()} == MAILS


@pytest.mark.parametrize("starter", STARTERS)
def test_no_starter_seals_an_everyday_mail(starter: str) -> None:
    policy = load(Path(f"policies/starter/{starter}.yaml"))
    sealed = {name for name, mail in MAILS.items() if sealed_by_findings(decide(policy, mail))}
    assert sealed <= OF_NOVELS


@pytest.mark.parametrize("sentence", SENTENCES)
def test_one_sentence_about_somebody_seals_it(sentence: str) -> None:
    policy = load(Path("policies/starter/council.yaml"))
    for name, _, mail in list(everyday_mails(sentence))[SENTENCES.index(sentence) :: 12]:
        assert decide(policy, mail).outcome is Outcome.SEAL, name
