"""Invented people, by the origin of their names.

For the second set. Promises that nobody is copied from a register: first names and surnames are
drawn apart. Must never be read by a detector, nor be filled from a detector's own lists.
"""

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from random import Random

FILE = Path(__file__).with_name("names.txt")
TITLES = ("Mr", "Mrs", "Ms", "Miss", "Dr", "Mr", "Mrs", "Ms", "Rev", "Cllr")
# Two letters that an officer would read as a word or a department, not as somebody.
_NO_INITIALS = frozenset(
    "AI AM AN AS AT BE BY CV DO EU FM GO GP HE HR ID IF IN IS IT ME MP MY NO OF OK ON OR PA PE PM "
    "PR PS QA RE SO TA TO TV UK UP US WC WE".split()
)


@dataclass(frozen=True, slots=True)
class Group:
    """Names of one origin."""

    origin: str
    first: tuple[str, ...]
    last: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented."""

    first: str
    last: str
    title: str
    origin: str

    @property
    def initials(self) -> str:
        """The two initials in plain capitals."""
        return "".join(unicodedata.normalize("NFKD", name)[0].upper() for name in self.names)

    @property
    def names(self) -> tuple[str, str]:
        """First name and surname."""
        return self.first, self.last

    def form(self, wanted: str, rng: Random) -> str:
        """Return the name as one of the forms that the frames ask for. Raises KeyError."""
        return {
            "full": f"{self.first} {self.last}",
            "first": self.first,
            "surname": self.last,
            "mr": f"{self.title} {self.last}",
            "mrfull": f"{self.title} {self.first} {self.last}",
            "init": f"{self.first[0]}{rng.choice(('', '.'))} {self.last}",
            "rev": f"{self.last}, {self.first}",
            "revcaps": f"{self.last.upper()} {self.first}",
        }[wanted]


def groups() -> tuple[Group, ...]:
    """Read every group of names."""
    found: list[Group] = []
    parts: dict[str, tuple[str, ...]] = {}
    origin = ""
    for line in FILE.read_text("utf-8").splitlines():
        if line.startswith("["):
            origin, parts = line.strip("[]"), {}
        elif line.startswith(("first:", "last:")):
            kind, _, names = line.partition(":")
            parts[kind] = tuple(name.strip() for name in names.split(","))
            if len(parts) == 2:
                found.append(Group(origin, parts["first"], parts["last"]))
    return tuple(found)


def invent(rng: Random, among: tuple[Group, ...]) -> Person:
    """Return a person of any group, each group as likely as another."""
    group = rng.choice(among)
    while True:
        one = Person(
            rng.choice(group.first), rng.choice(group.last), rng.choice(TITLES), group.origin
        )
        if one.initials not in _NO_INITIALS and one.initials.isascii():
            return one
