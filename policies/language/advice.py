"""What deserves a second look in a policy file that can be used.

For `sealgate policy check`, which calls these warnings: lists that no rule names, rules that change
nothing, the same condition written twice, words that say nothing new. Promises that nothing here
keeps a policy from being used. Must never repeat what `policies.language.checks` calls an error.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from policies.decision import Outcome
from policies.errors import Problem, quoted
from policies.language.checks import ANY, written
from policies.language.loader import Source
from policies.language.names import blocks
from policies.language.schema import Part, Rule
from policies.language.yamltree import Path

_NAMED = ("lists", "groups", "agreements")
_NOUNS = {"lists": "list", "groups": "group", "agreements": "agreement"}
_WITHOUT_EFFECT = {"name", "when", "except_", "then"}

Advice = tuple[Path, str, str, str]


def advice(source: Source) -> tuple[Problem, ...]:
    """Return what deserves a second look, in file order."""
    found = (*_unused(source), *_of_rules(source), *_of_words(source))
    problems = (
        Problem(source.file, source.tree.line(path), rule, said, mend=mend)
        for path, rule, said, mend in found
    )
    return tuple(sorted(problems))


def _unused(source: Source) -> Iterator[Advice]:
    """Find what was given a name that nothing uses."""
    sections = [getattr(source.parsed, section, {}) for section in _NAMED]
    names = Counter(word for part in _users(source, sections) for word in _words_of(part))
    if any(ANY in (block.agreement or ()) for _path, block in blocks(source.parsed)):
        names.update(source.parsed.agreements.keys())
    for section, entries in zip(_NAMED, sections, strict=True):
        for name in entries:
            if name not in names:
                said = f"the {_NOUNS[section]} {quoted(name)} is used by no rule"
                yield (section, name), "", said, "remove it, or name it in a rule"


def _users(source: Source, sections: list[Any]) -> Iterator[Part]:
    yield source.parsed.settings
    yield from source.parsed.rules
    for entries in sections:
        yield from entries.values()


def _of_rules(source: Source) -> Iterator[Advice]:
    rules = source.parsed.rules
    for number, rule in enumerate(rules):
        if rule.then == Outcome.RELAY and rule.model_fields_set <= _WITHOUT_EFFECT:
            said = "it changes nothing: mail is relayed when no rule says otherwise"
            mend = "an exception belongs into the rule that it limits, under 'except'"
            yield ("rules", number), rule.name, said, mend
    for (number, one), (_, other) in combinations(reversed([*enumerate(rules)]), 2):
        if _same_case(one, other):
            said = f"it fires for the same mail as the rule {quoted(other.name)}"
            yield ("rules", number), one.name, said, "put both into one rule"


def _same_case(one: Rule, other: Rule) -> bool:
    return one.when == other.when and one.except_ == other.except_ and one.then == other.then


def _of_words(source: Source) -> Iterator[Advice]:
    for number, rule in enumerate(source.parsed.rules):
        for key, part in (("when", rule.when), ("except", rule.except_)):
            if part is not None:
                for path, said, mend in _of_lists(part, ("rules", number, key)):
                    yield path, rule.name, said, mend


def _of_lists(part: Part, at: Path) -> Iterator[tuple[Path, str, str]]:
    """Find lists of words in a part, at any depth, that say a thing twice."""
    for name, value in written(part).items():
        if isinstance(value, Part):
            yield from _of_lists(value, (*at, name))
        if not isinstance(value, list):
            continue
        for word, times in Counter(map(str, value)).items():
            if times > 1:
                yield (*at, name), f"{quoted(word)} stands {times} times in {quoted(name)}", ""
        if ANY in value and len(value) > 1:
            said = f"'any' in {quoted(name)} covers every word beside it"
            yield (*at, name), said, "leave 'any' alone, or remove it"
        yield from ((path, said, "") for path, said in _covered((*at, name), value))


def _covered(at: Path, value: list[Any]) -> Iterator[tuple[Path, str]]:
    """Find domains that lie under another entry of the same list."""
    if at[-1] not in {"domain", "domains"}:
        return
    parents = [entry for entry in value if str(entry).startswith(".")]
    for entry in value:
        parent = next((p for p in parents if entry != p and str(entry).endswith(p)), None)
        if parent is not None:
            yield at, f"{quoted(str(entry))} is covered by {quoted(str(parent))}"


def _words_of(value: object) -> Iterator[str]:
    """Yield every text inside a part of the file."""
    match value:
        case str():
            yield value
        case Part():
            for _, inner in value:
                yield from _words_of(inner)
        case list() | tuple():
            for inner in value:
                yield from _words_of(inner)
