"""Subjects that may be shown to people: what the detectors saw, with what they found masked.

For explanations. Promises that no character of a finding is shown, nor any digit at all once
something was found: another reading of the same header may hold the same number undetected.
Must never be used to hide a value from a place where text is stored: store nothing instead.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from policies.detectors import DETECTORS
from policies.text import View, normalise

MASK = "*"
LONGEST_SHOWN = 200

# What is left of an encoded word that one reading does not decode.
_ENCODED = re.compile(r"=\?[^?\s]{1,60}\?[BbQq]\?[^?]{0,4096}(?:\?=|$)")


@dataclass(frozen=True, slots=True)
class Shown:
    """One reading: its normal text, masked, and the labels of what was found in it."""

    text: str
    found: tuple[str, ...]


def masked(views: Iterable[View]) -> tuple[Shown, ...]:
    """Return the readings as they may be shown; readings that then look the same, once."""
    texts, labels = [], []
    for view in views:
        findings = [(d.label, f) for d in DETECTORS.values() for f in d.find(view)]
        labels.append(tuple(dict.fromkeys(label for label, _ in findings)))
        texts.append(_without(view.original, ((f.start, f.end) for _, f in findings)))
    if any(labels):
        texts = [re.sub(r"\d", MASK, text) for text in texts]
    shown = (Shown(_short(t), found) for t, found in zip(texts, labels, strict=True))
    return tuple(dict.fromkeys(shown))


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    characters = list(text)
    for start, end in spans:
        characters[start:end] = [MASK if c.isalnum() else c for c in characters[start:end]]
    return _ENCODED.sub("=?…?=", "".join(characters))


def _short(text: str) -> str:
    normal = normalise(text).normal
    return normal if len(normal) <= LONGEST_SHOWN else normal[: LONGEST_SHOWN - 1] + "…"
