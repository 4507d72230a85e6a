"""A mail that takes too long to search counts as not inspected."""

import time

import pytest

from policies import facts
from policies.decision import Outcome
from policies.detectors import DETECTORS
from policies.detectors.scan import Patience, scan
from policies.extraction.passages import Content, Passage, Where
from policies.language.loader import load
from policies.message.mime import outline
from tests.policies.mails import COUNCIL, PARTNER, envelope

ALL = tuple(DETECTORS.values())
SLOW = "Dr. J. Smith, NHS number 999 012 3408, born 3 May 2011. " * 40_000


def test_a_search_ends_when_its_time_has_come() -> None:
    patience, began = Patience(0.2), time.thread_time()
    scan(SLOW, ALL, patience)
    assert patience.ended
    assert time.thread_time() - began < 2


def test_a_search_that_ends_by_itself_says_nothing() -> None:
    patience = Patience(60)
    assert scan("NHS number 999 012 3408 " * 30, ALL, patience)
    assert not patience.ended


@pytest.mark.parametrize(("seconds", "outcome"), [(-1.0, Outcome.SEAL), (60.0, Outcome.RELAY)])
def test_what_could_not_be_searched_is_sealed(
    monkeypatch: pytest.MonkeyPatch, seconds: float, outcome: Outcome
) -> None:
    monkeypatch.setattr(facts, "SECONDS", seconds)
    mail = outline([b"From: sam@council.gov.uk\r\nSubject: Bins\r\n\r\nHello.\r\n"])
    content = Content((Passage(Where.BODY, "The bins are emptied on Mondays. " * 50, 0),))
    (decision,) = load(COUNCIL).decide(envelope(PARTNER), mail, content)
    assert decision.outcome is outcome
    assert bool(decision.because) is (outcome is Outcome.SEAL)
