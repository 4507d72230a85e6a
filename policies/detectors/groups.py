"""Groups of detectors, by the words that policy files use for them.

Promises that every detector is in `any` and in exactly one of the other groups. A detector that
is named in neither set below finds identifiers.
"""

from collections.abc import Iterable

NAMES = frozenset({"person_name", "initials", "people_list"})
FACTS = frozenset({"health_fact", "special_category", "employment_fact", "money_fact"})
GROUPS = ("any", "identifiers", "names", "facts")


def members(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a word stands for, of those known: a group's, or the word itself."""
    if word == "any":
        return tuple(known)
    if word in GROUPS:
        return tuple(name for name in known if group_of(name) == word)
    return (word,)


def group_of(detector: str) -> str:
    """Return the group of a detector, `any` apart."""
    if detector in NAMES:
        return "names"
    return "facts" if detector in FACTS else "identifiers"
