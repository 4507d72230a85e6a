"""Samples: a text, what in it is personal data, and what kind of text it is.

For everything in this bench. Promises that a sample's spans lie inside its text. Must never keep
more of a development set than its file holds.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUBJECTS, BODIES = "pid_dev.jsonl", "pid_bodies_dev.jsonl"
SIGNATURE = "NAME_SIG"  # a name under a letter: may be found, need not be


@dataclass(frozen=True, slots=True)
class Entity:
    """One piece of personal data, in characters of the text. `origin`: of a name, "" unknown."""

    type: str
    start: int
    end: int
    origin: str = ""

    def overlaps(self, start: int, end: int) -> bool:
        """Say whether a span shares a character with this one."""
        return start < self.end and end > self.start


@dataclass(frozen=True, slots=True)
class Sample:
    """A text. `category`: pos, ordinary or hard; `style`: plain, lower, caps or a disguise."""

    text: str
    entities: tuple[Entity, ...] = ()
    category: str = "pos"
    style: str = "plain"

    @property
    def required(self) -> tuple[Entity, ...]:
        """The entities that must be found."""
        return tuple(one for one in self.entities if one.type != SIGNATURE)

    @property
    def personal(self) -> bool:
        """Whether there is anything that must be found."""
        return bool(self.required)

    def plain(self) -> dict[str, Any]:
        """Return the sample as a JSON object."""
        return {
            "text": self.text,
            "category": self.category,
            "style": self.style,
            "entities": [[one.type, one.start, one.end, one.origin] for one in self.entities],
        }


@dataclass(frozen=True, slots=True)
class DataSet:
    """Subjects and bodies under one name."""

    name: str
    subjects: tuple[Sample, ...]
    bodies: tuple[Sample, ...]


def development(folder: Path) -> DataSet:
    """Read a development set: one JSON object a line. Raises OSError or KeyError."""
    return DataSet(
        name="development",
        subjects=tuple(_sample(row) for row in _rows(folder / SUBJECTS)),
        bodies=tuple(_sample(row) for row in _rows(folder / BODIES)),
    )


def to_lines(samples: Iterable[Sample]) -> str:
    """Return samples as JSON, one a line."""
    return "".join(json.dumps(one.plain(), ensure_ascii=False) + "\n" for one in samples)


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def _sample(row: dict[str, Any]) -> Sample:
    text = row["text"] if "text" in row else row.get("decoded", row["subject"])
    spans = [Entity(one["type"], one["start"], one["end"]) for one in row["entities"]]
    category = row.get("category", "pos" if row["pid"] else "neg:ordinary")
    return Sample(text, tuple(spans), category.removeprefix("neg:"), row.get("style", ["plain"])[0])
