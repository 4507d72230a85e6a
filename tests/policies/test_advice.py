"""What deserves a second look in a policy that can be used."""

from pathlib import Path

import pytest

from policies.language import loader
from policies.language.advice import advice

WARNED = sorted((Path(__file__).parents[1] / "golden" / "warned_policy").glob("*.yaml"))


def test_there_are_policies_to_warn_about():
    assert len(WARNED) >= 8


@pytest.mark.parametrize("path", WARNED, ids=lambda path: path.stem)
def test_a_policy_is_warned_about_in_the_expected_words(path):
    expected = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert expected, "a golden file says what is expected"
    assert [str(problem) for problem in advice(loader.read(path))] == expected


@pytest.mark.parametrize("path", WARNED, ids=lambda path: path.stem)
def test_what_is_warned_about_can_be_used(path):
    assert loader.load(path).rules


@pytest.mark.parametrize("path", sorted(loader.STARTER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_starters_need_no_second_look(path):
    assert advice(loader.read(path)) == ()
