"""A rule of a starter that is weakened, in whichever way, is noticed by its golden cases.

Whoever copies a starter relies on its cases when they change it: a rule that no case holds to its
word would go unnoticed.
"""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.engine import Policy
from policies.errors import PolicyError
from policies.language.loader import STARTER, load_text
from policies.language.schema.circumstances import MARKINGS
from policies.trials.case_files import folder_of, read_cases
from policies.trials.cases import Result, run_cases

# Many texts through the same code: counting its lines takes longer than running it.
pytestmark = pytest.mark.no_cover

STARTERS = sorted(STARTER.glob("*.yaml"))
LOWER = {"refuse": ("hold", "seal", "relay"), "hold": ("seal", "relay"), "seal": ("relay",)}
TERMS = ("hold", "seal", "relay", "add", "subject", "remove_headers")
HIGHER = {
    "severity": ("low", "medium", "high", "critical"),
    "confidence": ("possible", "likely", "sure"),
    "at_least": MARKINGS,
}
Change = Callable[[dict[str, Any]], object]


def weakenings(rule: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    """Yield what may happen to a rule besides going: a name, and what does it to a copy."""
    for then in LOWER.get(rule["then"], ()):
        yield f"{then} instead of {rule['then']}", lambda one, then=then: relaxed(one, then)
    for term in TERMS:
        if term in rule and rule["then"] != "refuse":
            yield f"without {term}", lambda one, term=term: one.pop(term)
    yield from narrowings(rule["when"], ("when",))


def relaxed(rule: dict[str, Any], then: str) -> None:
    """Give a rule a weaker outcome, without the terms that do not go with it."""
    rule["then"] = then
    for term in TERMS:
        rule.pop(term, None)
    if then != "hold":
        rule.pop("tell_sender", None)


def narrowings(part: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Change]]:
    """Yield how conditions come to hold for less mail."""
    for key, value in part.items():
        for other in narrower(key, value):
            said = " ".join((*path[1:], key))
            yield f"{said}: {other}", lambda one, key=key, other=other: put(one, path, key, other)
        if isinstance(value, dict):
            yield from narrowings(value, (*path, key))
        if key == "anywhere" and "body" not in part and "subject" not in part:
            for place in ("body", "subject"):
                yield f"{place} alone", lambda one, place=place: move(one["when"], place)


def narrower(key: str, value: Any) -> Iterator[Any]:
    """Yield what a value of a condition may be so that it holds for less."""
    if isinstance(value, list) and len(value) > 1 and key in {"direction", "in_list"}:
        yield from ([*value[:n], *value[n + 1 :]] for n in range(len(value)))
    elif key == "finds" and value == "any":
        yield "identifiers"
    elif key in HIGHER and value in HIGHER[key][:-1]:
        yield HIGHER[key][HIGHER[key].index(value) + 1]
    elif key == "more_than":
        yield int(value) + 1


def move(part: dict[str, Any], place: str) -> None:
    """Look in one place for what was looked for everywhere."""
    part[place] = part.pop("anywhere")


def put(rule: dict[str, Any], path: tuple[str, ...], key: str, value: Any) -> None:
    """Write a value into a rule."""
    for name in path:
        rule = rule[name]
    rule[key] = value


@cache
def written(starter: Path) -> dict[str, Any]:
    """A starter as it is written."""
    whole: dict[str, Any] = yaml.load(starter.read_text("utf-8"), Loader=yaml.BaseLoader)
    return whole


def changed(starter: Path, name: str, change: Change | None) -> Policy | None:
    """The starter with another rule in the place of one; None where that is no policy."""
    whole = copy.deepcopy(written(starter))
    (rule,) = (one for one in whole["rules"] if one["name"] == name)
    if change is None:
        whole["rules"].remove(rule)
    else:
        change(rule)
    try:
        return load_text(yaml.safe_dump(whole, sort_keys=False))
    except PolicyError:
        return None  # a mistake is noticed by itself


@cache
def results(starter: Path) -> tuple[Result, ...]:
    """How the cases of a starter go."""
    policy = load_text(starter.read_text("utf-8"))
    return tuple(run_cases(policy, read_cases(folder_of(starter)), ()))


RULES = [
    pytest.param(path, rule["name"], id=f"{path.stem}: {rule['name']}")
    for path in STARTERS
    for rule in written(path)["rules"]
]


@pytest.mark.parametrize(("starter", "name"), RULES)
def test_a_weaker_rule_fails_a_case(starter: Path, name: str) -> None:
    # Where a rule does not fire, it cannot fire for less.
    fired = [
        one.placed
        for one in results(starter)
        if any(reason.rule == name for made in one.decisions for reason in made.because)
    ]
    (rule,) = (one for one in written(starter)["rules"] if one["name"] == name)
    changes = [("gone", None), *weakenings(rule)]
    policies = [(how, changed(starter, name, change)) for how, change in changes]
    unnoticed = [
        how
        for how, policy in policies
        if policy is not None and all(one.passed for one in run_cases(policy, fired, ()))
    ]
    assert fired
    assert not unnoticed, str(unnoticed)
