"""A policy that seals personal data leaves ordinary mail of many programs alone, to the byte."""

from bench.detection.hiding import CLEAR, POLICY, judge
from policies.language.loader import load_text
from tests.golden.ordinary_mails import ordinary_mails

MAILS = list(ordinary_mails())


def test_there_are_enough_of_them() -> None:
    assert len({mail for _, mail in MAILS}) == len({name for name, _ in MAILS}) >= 300
    assert len({name.rpartition("-")[0] for name, _ in MAILS}) >= 20


def test_fewer_than_one_in_two_hundred_is_sealed_and_none_changed() -> None:
    policy = load_text(POLICY)
    verdicts = list(judge(policy, (("ordinary", name, mail) for name, mail in MAILS)))
    sealed = [f"{one.name}: {one.why}" for one in verdicts if one.end != CLEAR]
    assert len(sealed) < len(MAILS) / 200, sealed
    assert [one.name for one in verdicts if one.changed] == []
