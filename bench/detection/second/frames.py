"""Frames: lines and paragraphs with braces, and how they are filled.

For the second set. Promises that every span handed back covers exactly what was filled in, also
when the text around it grows. Braces that nobody knows raise KeyError: none is left unfilled.
"""

import re
import string
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.detection.samples import SIGNATURE, Entity
from bench.detection.second import numbers
from bench.detection.second.disguises import disguise
from bench.detection.second.neutral import NEUTRAL
from bench.detection.second.people import Group, Person, invent

FOLDER = Path(__file__).parent
_HOLE = re.compile(r"\{(\w+)\}|<([A-Z_]+):([^>]*)>")
_NUMBERED = re.compile(r"(\D+)(\d*)")
_FORMS = ("full", "first", "surname", "mr", "mrfull", "init", "rev", "revcaps")
_FACTS = ("health", "special", "employment", "finance")
_MAIL_HOSTS = ("example.com", "example.org", "example.net", "post.example", "home.example")


def lines(name: str) -> list[str]:
    """Read a file of frames, one a line."""
    text = (FOLDER / name).read_text("utf-8").splitlines()
    return [line for line in text if line and not line.startswith("#")]


def blocks(name: str) -> list[str]:
    """Read a file of paragraphs, divided by lines of three hyphens."""
    return [block.strip("\n") for block in (FOLDER / name).read_text("utf-8").split("\n---\n")]


def words() -> dict[str, tuple[str, ...]]:
    """Read what fills the braces that are no identifiers."""
    found = {}
    for line in lines("words.txt"):
        name, _, entries = line.partition(":")
        found[name] = tuple(entry.strip() for entry in entries.split("|"))
    return found


@dataclass(slots=True)
class Filler:
    """Fills frames from one random source."""

    rng: Random
    people: tuple[Group, ...]
    words: dict[str, tuple[str, ...]]

    def fill(
        self, frame: str, wear: str = "", *, signature: bool = False
    ) -> tuple[str, list[Entity]]:
        """Return a frame filled in and what of it is personal data, values in a disguise."""
        filling = _Filling(self, wear, signature)
        at = 0
        for hole in _HOLE.finditer(frame):
            filling.add(frame[at : hole.start()])
            filling.hole(hole)
            at = hole.end()
        filling.add(frame[at:])
        return filling.text, filling.entities

    def neutral(self, name: str) -> str:
        """Return something that is no personal data. Raises KeyError."""
        if name in NEUTRAL:
            return NEUTRAL[name](self.rng)
        if name.startswith("num"):
            return numbers.digits(self.rng, int(name[3:]))
        known = name if name in self.words else name.rstrip(string.digits)
        text = self.rng.choice(self.words[known])
        return _HOLE.sub(lambda hole: self.neutral(hole[1]), text)


@dataclass(slots=True)
class _Filling:
    """One frame on its way to a text."""

    filler: Filler
    wear: str
    signature: bool
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    _people: dict[str, Person] = field(default_factory=dict)

    def add(self, text: str, kind: str = "", origin: str = "") -> None:
        if kind:
            text = disguise(self.wear, kind, text, self.filler.rng)
            end = len(self.text) + len(text)
            self.entities.append(Entity(kind, len(self.text), end, origin))
        self.text += text

    def hole(self, hole: re.Match[str]) -> None:
        rng, name = self.filler.rng, hole[1]
        if name is None:
            self.add(hole[3], hole[2])
        elif name in numbers.MAKERS:
            kind, make = numbers.MAKERS[name]
            self.add(make(rng), kind)
        elif name in _FACTS:
            self.add(rng.choice(self.filler.words[name]), name.upper())
        elif name == "address":
            number, street = self.filler.neutral("house"), self.filler.neutral("street")
            self.add(f"{number} {street}", "ADDRESS")
        elif not self._person(name):
            self.add(self.filler.neutral(name))

    def _person(self, name: str) -> bool:
        """Fill in something about a person, if that is what the brace asks for."""
        match = _NUMBERED.fullmatch(name)
        form, which = match.groups() if match else (name, "")
        if form not in (*_FORMS, "initials", "email"):
            return False
        someone = self._people.setdefault(which, invent(self.filler.rng, self.filler.people))
        if form == "initials":
            self.add(someone.initials, "INITIALS")
        elif form == "email":
            self.add(_mailbox(someone, self.filler.rng), "EMAIL")
        else:
            kind = SIGNATURE if self.signature else "NAME"
            self.add(someone.form(form, self.filler.rng), kind, someone.origin)
        return True


def _mailbox(someone: Person, rng: Random) -> str:
    plain = [
        "".join(char for char in unicodedata.normalize("NFKD", name).lower() if "a" <= char <= "z")
        for name in someone.names
    ]
    local = rng.choice(
        (".".join(plain), plain[0] + str(rng.randrange(60, 100)), plain[0][0] + plain[1])
    )
    return f"{local}@{rng.choice(_MAIL_HOSTS)}"
