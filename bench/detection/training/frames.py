"""Fills the frames with names, places, bodies and words nobody knows; says which are names.

Promises the same lines from the same seed. To teach the model about names that are in no list, some
of the words of a line are made unknown: their kinds are taken away after the text is read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from policies.detectors.names.gazetteer import NAMED, Kind, entries, kinds_of
from policies.detectors.names.words import Line, read

_HERE = Path(__file__).parent
_SLOT = re.compile(r"\{(.)\}")
_TITLES = ("Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Cllr", "Prof", "Rev", "Sir")
_WEEKDAYS = ("Monday", "Tuesday", "Wed", "Thursday", "Friday", "today", "tomorrow", "next week")
_MONTHS = ("January", "Feb", "March", "April", "May", "June", "July", "Aug", "September", "Oct")
_VENUES = (
    "Road Street Lane Avenue Close Park School Primary Academy House Court Hall Centre Hospital "
    "Surgery College Library Way Gardens Drive Estate Infants Junior Church Lodge Square Terrace"
).split()
_SYLLABLES = (
    "ba be bri ca ce cor da dex den el en fa flex fin ga gen gra in jo ka kel li lo lum ma med mo "
    "nex nor o op ora per pla pro qua ra ri sa sen sol sta syn ta tec ter tra u ver vi vo wex xi za"
).split()
_ENDS = (
    "",
    "a",
    "o",
    "is",
    "ix",
    "on",
    "us",
    "ity",
    "ra",
    "net",
    "soft",
    "ware",
    "ley",
    "ton",
    "wick",
)
_ODD = 0.22  # of names, whose words are all to be unknown or not, each for itself
_UNKNOWN_PLACE = 0.3


class Taught(NamedTuple):
    """A line, and for each of its words whether it is part of a name."""

    line: Line
    truth: tuple[bool, ...]


def frames(file: str) -> list[str]:
    """Read frames from a file beside this one."""
    lines = (_HERE / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def names(file: str) -> dict[str, tuple[str, ...]]:
    """Read a list of names by origin."""
    found: dict[str, list[str]] = {}
    for origin, name in entries(file):
        found.setdefault(origin, []).append(name)
    return {origin: tuple(several) for origin, several in found.items()}


class Filler:
    """Fills frames; one random generator for everything."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self._places = [w for _, w in entries("places.txt")]
        self._bodies = [w for section, w in entries("organisations.txt") if section[0] == "B"]
        self._topics = (_HERE / "topics.txt").read_text(encoding="utf-8").split()
        self._doubtful = [
            name
            for several in names("first_names.txt").values()
            for name in several
            if kinds_of(name) & ~int(NAMED)
        ]
        self._marks: list[tuple[int, int]] = []
        self._hidden: list[tuple[int, int]] = []

    def fill(self, frame: str) -> Taught:
        """Fill one frame and read it."""
        self._marks, self._hidden = [], []
        text, at = "", 0
        for match in _SLOT.finditer(frame):
            text += frame[at : match.start()]
            text += self._slot(match.group(1), len(text))
            at = match.end()
        return self._taught(self._cased(text + frame[at:]))

    def _taught(self, text: str) -> Taught:
        line = read(text)
        words = tuple(
            replace(word, kinds=self._kept(word.kinds, word.low), thing=False)
            if self._within(word.start, self._hidden)
            else word
            for word in line.words
        )
        truth = tuple(self._within(word.start, self._marks) for word in words)
        return Taught(replace(line, words=words), truth)

    @staticmethod
    def _kept(kinds: int, low: str) -> int:
        return kinds & ~int(NAMED | Kind.PLACE | Kind.BODY) if len(low) > 1 else kinds

    @staticmethod
    def _within(start: int, spans: list[tuple[int, int]]) -> bool:
        return any(first <= start < end for first, end in spans)

    def _cased(self, text: str) -> str:
        chance = self.rng.random()
        if chance < 0.13:
            return text.lower()
        return text.upper() if chance < 0.22 else text

    def _slot(self, slot: str, at: int) -> str:
        if slot in "nflt":
            name = self._name(slot, at)
            self._marks.append((at, at + len(name)))
            return name
        made = self._other(slot)
        if slot in "povg" and self.rng.random() < _UNKNOWN_PLACE:
            self._hidden.append((at, at + len(made.split(" ")[0])))
        return made

    def _name(self, slot: str, at: int) -> str:
        origin = self.rng.choice(list(names("surnames.txt")))
        first, last = self._first(origin), self._surname(origin)
        form = slot if slot != "n" else self.rng.choice("fllllltirj")
        if form == "l" and self.rng.random() < 0.16:
            form = self.rng.choice("tirrjm")
        middle = self._first(origin)
        made = {
            "f": first, "l": f"{first} {last}", "t": f"{self.rng.choice(_TITLES)} {last}",
            "i": f"{first[0]} {last}", "r": f"{last}, {first}", "j": f"{first} {last[0]}",
            "m": f"{first} {middle} {last}",
        }[form]  # fmt: skip
        place = at
        for piece in made.split(" "):
            if self.rng.random() < _ODD:
                self._hidden.append((place, place + len(piece)))
            place += len(piece) + 1
        return made

    def _first(self, origin: str) -> str:
        lists = names("first_names.txt")
        near = [one for one in lists if one.split()[0].strip(",") in origin.replace(",", " ")]
        return self._spelt(self.rng.choice(lists[self.rng.choice(near or list(lists))]))

    def _surname(self, origin: str) -> str:
        name = self._spelt(self.rng.choice(names("surnames.txt")[origin]))
        if self.rng.random() < 0.04:
            name += "-" + self._spelt(self.rng.choice(names("surnames.txt")[origin]))
        return name

    def _spelt(self, name: str) -> str:
        if name.startswith("mc") and len(name) > 4:
            return "Mc" + name[2:].capitalize()
        if name.startswith("o") and name[1:] in {"brien", "neill", "connor", "reilly", "keefe"}:
            return "O'" + name[1:].capitalize()
        return name.capitalize()

    def _other(self, slot: str) -> str:
        rng = self.rng
        day, month = rng.randint(1, 28), rng.choice(_MONTHS)
        makers: dict[str, Callable[[], str]] = {
            "d": lambda: rng.choice((f"{day} {month}", f"{day:02}/{day % 12 + 1:02}/2025", month)),
            "w": lambda: rng.choice(_WEEKDAYS),
            "y": lambda: rng.choice(("Year ", "Y", "year ", "Yr ")) + str(rng.randint(1, 13)),
            "#": lambda: str(rng.randint(1000, 99999999)),
            "p": lambda: self._title(rng.choice(self._places)),
            "o": lambda: self._title(rng.choice(self._bodies)),
            "s": self._school,
            "v": self._venue,
            "x": self._unknown,
            "k": lambda: rng.choice(self._topics),
            "g": lambda: rng.choice(self._doubtful).capitalize(),
        }
        return makers[slot]()

    def _title(self, entry: str) -> str:
        return " ".join(piece.capitalize() for piece in entry.split("_"))

    def _venue(self) -> str:
        kind = self.rng.choice(_VENUES)
        origin = self.rng.choice(("English", "Scottish", "Irish and Northern Irish", "Welsh"))
        who = self.rng.choice((self._surname(origin), self._first(origin)))
        if self.rng.random() < 0.2:
            who = f"{self._first(origin)} {self._surname(origin)}"
        return f"{who} {kind}"

    def _school(self) -> str:
        stem = self.rng.choice((self._unknown(), self._title(self.rng.choice(self._places))))
        saint = f"St {self._spelt(self.rng.choice(names('first_names.txt')['English']))}'s"
        return (
            f"{self.rng.choice((stem, saint))} {self.rng.choice(('School', 'Primary', 'Academy'))}"
        )

    def _unknown(self) -> str:
        stem = "".join(self.rng.choice(_SYLLABLES) for _ in range(self.rng.randint(1, 3)))
        return (stem + self.rng.choice(_ENDS)).capitalize()


def lessons(seed: int, rounds: int) -> Iterator[Taught]:
    """Yield filled frames of both sorts, in an order of their own."""
    filler = Filler(seed)
    chosen = frames("with_names.txt") * (3 * rounds) + frames("without_names.txt") * rounds
    filler.rng.shuffle(chosen)
    return (filler.fill(frame) for frame in chosen)
