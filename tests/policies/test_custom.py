"""Detectors of the organisation's own: what they find and leave, and that they cannot hang."""

import time

import pytest

from policies.decision import Outcome
from policies.detectors import Confidence, Severity
from policies.detectors.custom import (
    LONGEST_PATTERN,
    MOST_HITS,
    CustomDetector,
    PatternError,
    compile_pattern,
    compile_words,
)
from policies.detectors.scan import scan
from policies.language.loader import load_text
from policies.text.view import normalise
from policies.trials.explain import explain
from tests.policies.mails import envelope, mail

POLICY = """
version: 1
detectors:
  library_card:
    label: a library card number
    pattern: "LC-?[0-9]{8}"
    near: [library, reader's ticket]
    severity: high
    finds: [library card LC-20481516, "Reader’s ticket: lc 20481516"]
    leaves: [ticket LC-20481516, library LC-204815, library XLC-20481516]
rules:
  - name: cards
    when: {subject: {finds: library_card, severity: high}}
    then: refuse
    tell_sender: Take {found} out of the subject.
"""
POLICY = POLICY.replace('"LC-?[0-9]{8}"', '"LC[- ]?[0-9]{8}"')


def detector(pattern: str, near: tuple[str, ...] = (), **more: object) -> CustomDetector:
    words = compile_words(near)
    return CustomDetector("own", "a number", Severity.LOW, compile_pattern(pattern), words, **more)  # type: ignore[arg-type]


def found(one: CustomDetector, text: str) -> list[str]:
    return [text[span.start : span.end] for span in one.find(normalise(text))]


@pytest.mark.parametrize(
    ("subject", "outcome"),
    [
        ("Library card LC-20481516", Outcome.REFUSE),
        ("library: ＬＣ－２０４８１５１６", Outcome.REFUSE),
        ("library L\u200bC-2048\u200b1516", Outcome.REFUSE),
        ("library LC-2O48l5l6", Outcome.REFUSE),
        ("Order LC-20481516", Outcome.RELAY),
    ],
)
def test_a_rule_names_it_as_it_names_any_other(subject: str, outcome: Outcome) -> None:
    policy = load_text(POLICY)
    message = mail(f"Subject: {subject}".encode())
    (decision,) = policy.decide(envelope("pat@partner.example"), message)
    assert decision.outcome is outcome
    assert ("a library card number" in decision.tell_sender) is (outcome is Outcome.REFUSE)


def test_an_explanation_masks_what_it_finds() -> None:
    message = mail("Subject: Library card LC-20481516")
    shown = explain(load_text(POLICY), envelope("pat@partner.example"), message)
    assert shown.subjects[0].found == ("a library card number",)
    assert "20481516" not in shown.subjects[0].text


@pytest.mark.parametrize("group", ["identifiers", "any"])
def test_it_is_one_of_the_identifiers(group: str) -> None:
    policy = load_text(POLICY.replace("finds: library_card", f"finds: {group}"))
    (decision,) = policy.decide(
        envelope("pat@partner.example"), mail("Subject: Library card LC-20481516")
    )
    assert decision.outcome is Outcome.REFUSE


def test_it_stands_alone() -> None:
    six = detector("[0-9]{6}")
    assert found(six, "123456, (234567) 12345 x345678 4567890 567890") == [
        "123456", "234567", "567890",
    ]  # fmt: skip


def test_words_stand_within_reach() -> None:
    one = detector("[0-9]{6}", ("card no", "ticket"), within=20)
    assert found(one, "Card-No. 123456") == ["123456"]
    assert found(one, "123456 is the ticket") == ["123456"]
    assert found(one, "card 123456, tickets") == []
    assert found(one, "ticket" + " x" * 20 + " 123456") == []
    (finding,) = one.find(normalise("ticket 123456"))
    assert finding.confidence is Confidence.SURE


@pytest.mark.parametrize(
    ("checksum", "right", "wrong"),
    [
        ("luhn", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("mod11", "999 725 1466", "999 725 1467"),
        ("mod11", "0-306-40615-2", "0-306-40615-3"),
        ("mod11", "0-8044-2957-X", "0-8044-2958-X"),
        ("mod97", "874", "875"),
        ("mod97", "WEST12345698765432GB82", "WEST12345698765432GB83"),
    ],
)
def test_a_checksum_must_hold(checksum: str, right: str, wrong: str) -> None:
    one = detector("[0-9A-Z](?:[ -]?[0-9A-Z]){2,30}", checksum=checksum)
    assert found(one, right) == [right]
    assert found(one, wrong) == []


@pytest.mark.parametrize(
    "pattern",
    ["a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", r"(?:a)\1", "(?P<x>a)(?P=x)", "a++", "(?>a)b",
     "(a)b", "[0-9", "a{3,2}", "(?:a{1000}){1000}", "a*", "", "é", "a\n",
     "x" * (LONGEST_PATTERN + 1), "[0-9]{1000}" * 6],
)  # fmt: skip
def test_a_pattern_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"(?:a|aa)+b", r"(?:a*)*b", r"(?:\w+\s?)+!", r"(?:x+x+)+y"])
def test_a_pattern_cannot_hang(pattern: str) -> None:
    one = detector(pattern)
    began = time.process_time()
    one.find(normalise("a" * 4000))
    one.find(normalise("x" * 4000))
    assert time.process_time() - began < 2


def test_hits_are_bounded() -> None:
    assert len(found(detector("[0-9]"), "1 " * 2000)) == MOST_HITS


def test_a_long_text_is_not_cut_into_values() -> None:
    """A number that a piece of the text cuts in two is no shorter number."""
    six = detector("[0-9]{6}")
    for shift in range(12):
        text = "x" * (65_528 + shift) + " " + "1234567890 " * 400 + "and 123456 there"
        assert [text[one.start : one.end] for one in scan(text, (six,))] == ["123456"]
