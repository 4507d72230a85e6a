"""Whether a changed policy protects less than the one in force, as far as the two texts show.

For the approval of a change by a second person, and for `sealgate policy diff`. Promises a sentence
for each change that may let through what was refused, held or sealed, or grant more to those who
may read it; and that what it does not understand counts as such. Must never call a change harmless
because it is small.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from policies.decision import Outcome
from policies.errors import quoted
from policies.language.checks import ANY, written
from policies.language.loader import Source
from policies.language.members import MemberList
from policies.language.schema import Part, Rule
from policies.language.schema.circumstances import MARKINGS

# A lower number, or an earlier word, asks for less: the condition holds more often.
_THRESHOLDS: Mapping[str, tuple[str, ...]] = {
    "at_least": (),
    "more_than": (),
    "size_over": (),
    "severity": ("low", "medium", "high", "critical"),
    "confidence": ("possible", "likely", "sure"),
}
_HEIGHTS = {marking: height for height, marking in enumerate(MARKINGS)}
_HARMLESS = {"name", "tell_sender", "when", "except_", "then", "seal", "shadow"}
_MARKS = {"sensitivity", "subject_tags", "protective_markings", "msip_labels"}
_TELLING = {"reminders"}  # grants nothing, whatever it says
_NAMED = ("lists", "groups")


def weakened(old: Source, new: Source) -> tuple[str, ...]:
    """Return every way in which `new` may protect less than `old`; empty if there is none."""
    reasons = (*_settings(old, new), *_rules(old, new), *_named(old, new), *_rest(old, new))
    return tuple(dict.fromkeys(reasons))


def covers(wide: Part, narrow: Part) -> bool:
    """Say whether the conditions `wide` hold whenever `narrow` do, as far as the text shows."""
    said = written(narrow)
    return all(_covers(name, value, said.get(name)) for name, value in written(wide).items())


def _covers(name: str, wide: object, narrow: object) -> bool:
    if isinstance(wide, Part) and isinstance(narrow, Part):
        return covers(wide, narrow)
    if isinstance(wide, list) and isinstance(narrow, list):
        return ANY in wide or all(entry in wide for entry in narrow)
    if name in _THRESHOLDS and narrow is not None:
        return _height(name, wide) <= _height(name, narrow)
    return wide == narrow


def _height(name: str, value: Any) -> int:
    steps = _THRESHOLDS[name]
    if value in _HEIGHTS:  # `at_least` is a number of findings, or a marking
        return _HEIGHTS[value]
    return steps.index(value) if steps else int(value)


def _live(source: Source) -> dict[str, Rule]:
    return {rule.name: rule for rule in source.parsed.rules if not rule.shadow}


def _rules(old: Source, new: Source) -> Iterator[str]:
    before, after = _live(old), _live(new)
    for name, rule in before.items():
        if name not in after:
            gone = any(one.name == name for one in new.parsed.rules)
            yield f"the rule {quoted(name)} {'only records now' if gone else 'is gone'}"
        elif rule != after[name]:
            said = [*_changed(rule, after[name], old.parsed.settings.seal)]
            yield from (f"the rule {quoted(name)}: {words}" for words in said)
    default = old.parsed.settings.seal
    for name, rule in after.items():
        if name not in before and rule.seal is not None and not _stricter(default, rule.seal):
            yield f"the new rule {quoted(name)} seals on easier terms than the policy's own"
    if _ways(after) != _ways(before):
        yield "mail may be handed to another mail server: the rules that name a route changed"


def _ways(rules: Mapping[str, Rule]) -> list[tuple[object, ...]]:
    """Return which mail goes by which route; of several the first holds, so the order counts."""
    return [
        (rule.name, rule.when, rule.except_, rule.relay.route)
        for rule in rules.values()
        if rule.relay is not None and rule.relay.route is not None
    ]


def _changed(old: Rule, new: Rule, usual: Part | None) -> Iterator[str]:
    if _protection(new) < _protection(old):
        yield f"it says {quoted(new.then)} where it said {quoted(old.then)}"
    if new.when != old.when and not covers(new.when, old.when):
        yield "its conditions may hold for less mail"
    if new.except_ is not None and new.except_ != old.except_:
        if old.except_ is None:
            yield "it has an exception now"
        elif not covers(old.except_, new.except_):
            yield "its exception may hold for more mail"
    if new.seal != old.seal and not _stricter(old.seal, new.seal, usual):
        yield "sealed mail may be used on easier terms"
    others = set(Rule.model_fields) - _HARMLESS
    changed = sorted(key for key in others if getattr(old, key) != getattr(new, key))
    if changed:
        yield f"{', '.join(quoted(key.rstrip('_')) for key in changed)} changed"


def _protection(rule: Rule) -> int:
    """Return how protective a rule is; a word that is no outcome lets the mail go."""
    try:
        return Outcome(rule.then).protection
    except ValueError:
        return 0


def _stricter(old: Part | None, new: Part | None, usual: Part | None = None) -> bool:
    """Say whether terms of sealed mail grant nothing that the old ones did not.

    `usual` is what held where the old ones said nothing. What the installation says is not known
    here: a time that takes its place may be longer.
    """
    before, after = written(old) if old else {}, written(new) if new else {}
    end = before.get("expires_after") or (written(usual) if usual else {}).get("expires_after")
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        shorter = name == "expires_after" and None not in {now, end} and now <= end  # type: ignore[operator]  # lengths of time
        forbidden = name == "replies" and now is False
        view_only = name == "view_only" and now is True
        high = name == "protection" and now == "high"
        fewer_hours = name == "open_hours" and was is None
        if not (shorter or forbidden or view_only or high or fewer_hours or name in _TELLING):
            return False
    return True


def _settings(old: Source, new: Source) -> Iterator[str]:
    before, after = old.parsed.settings, new.parsed.settings
    excepted = any(
        rule.except_ is not None and rule.except_.flag is not None
        for source in (old, new)
        for rule in source.parsed.rules
    )
    for name in type(before).model_fields:
        was, now = getattr(before, name), getattr(after, name)
        if was == now:
            continue
        if name == "seal":
            if not _stricter(was, now):
                yield "'settings: seal' grants more to those who read sealed mail"
        elif name in _MARKS and all(entry in now for entry in was) and not excepted:
            continue
        else:
            yield f"{quoted(f'settings: {name}')} changed, so that less mail may be protected"


def _named(old: Source, new: Source) -> Iterator[str]:
    """Compare what rules refer to by name: members that go, and members that are let off."""
    differences = (
        *((f"the list {quoted(name)}", name, gone, come) for name, gone, come in _lists(old, new)),
        *((f"the group {quoted(name)}", name, True, True) for name in _groups(old, new)),
    )
    for noun, name, gone, come in differences:
        if gone and _used(new, name, "except_"):
            yield f"{noun} lost entries"
        if come and _used(new, name, "when"):
            yield f"{noun} gained entries, and an exception or a setting names it"


def _lists(old: Source, new: Source) -> Iterator[tuple[str, bool, bool]]:
    """Yield the lists of both, those that come with Sealgate too: what went, and what came."""
    for name in old.lists.keys() & new.lists.keys():
        was, now = _members(old.lists[name]), _members(new.lists[name])
        yield name, bool(was - now), bool(now - was)


def _groups(old: Source, new: Source) -> Iterator[str]:
    """Yield the groups of both that changed."""
    before, after = old.parsed.groups, new.parsed.groups
    yield from (name for name in before.keys() & after.keys() if before[name] != after[name])


def _used(source: Source, name: str, harmless: str) -> bool:
    """Say whether `name` is named anywhere but in the part of rules that is `harmless`."""
    for rule in source.parsed.rules:
        if any(name in _words(value) for part, value in rule if part != harmless):
            return True
    return any(name in _words(part) for part in (source.parsed.settings, *_entries(source)))


def _entries(source: Source) -> Iterator[Part]:
    for section in (*_NAMED, "agreements", "detectors"):
        yield from getattr(source.parsed, section, {}).values()


def _members(members: MemberList) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for one in fields(members):
        value = getattr(members, one.name)
        if isinstance(value, set | frozenset | dict):
            found.update((one.name, str(entry)) for entry in value)
    return found


def _rest(old: Source, new: Source) -> Iterator[str]:
    """Whatever else a policy file may hold has no meaning here, so a change of it counts.

    Agreements and detectors are among it: `any` means all of them, so that none is ever unnamed.
    """
    known = {"version", "settings", "rules", *_NAMED}
    for name in type(old.parsed).model_fields:
        if name not in known and getattr(old.parsed, name) != getattr(new.parsed, name):
            yield f"the section {quoted(name)} changed"
    named = {str(getattr(one, "file", "")) for one in _entries(new)}
    named |= {f"{name}.txt" for name in new.lists}
    for name in sorted(old.files.keys() & new.files.keys() - named):
        if old.files[name] != new.files[name]:
            yield f"the file {quoted(name)} changed"


def _words(value: object) -> set[str]:
    """Return every text inside a part of the file."""
    match value:
        case str():
            return {value}
        case Part():
            return set().union(*(_words(inner) for _, inner in value))
        case list() | tuple():
            return set().union(*(_words(inner) for inner in value))
    return set()
