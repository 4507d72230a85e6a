"""How likely a word is part of a person's name, by the words around it: a logistic regression.

The weights are data (`policies/lists/names/weights.json`), learnt by `bench/detection/training/`
from frames and lists written for this project, and applied here in plain Python. Promises a number
between 0 and 1; must never be asked about a word that cannot be a name at all.
"""

import json
import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

from policies.detectors.names.features import features, label, mood
from policies.detectors.names.words import Line

WEIGHTS = Path(__file__).parents[2] / "lists" / "names" / "weights.json"
_STEPS = (-0.6, -0.2, 0.2, 0.6)  # of the mean log odds of a word's trigrams


class Weights(NamedTuple):
    """What was learnt: the weight of each feature, and of each three letters of a word."""

    bias: float
    features: dict[str, float]
    trigrams: dict[str, float]


@cache
def weights() -> Weights:
    """Read the shipped weights."""
    data = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return Weights(data["bias"], data["features"], data["trigrams"])


def likeness(word: str, trigrams: dict[str, float]) -> int:
    """Tell how much an unknown word looks like a name by its letters: 0, not at all, to 4."""
    spelt = f"^{word}$"
    several = len(spelt) - 2
    mean = sum(trigrams.get(spelt[at : at + 3], 0.0) for at in range(several)) / several
    return sum(mean > step for step in _STEPS)


class Model:
    """The model, ready for one line."""

    def __init__(self, line: Line) -> None:
        learnt = weights()
        self._line = line
        self._bias = learnt.bias
        self._weight = learnt.features.get
        self._labels = [
            label(word, lambda low: likeness(low, learnt.trigrams)) for word in line.words
        ]
        self._mood = mood(line.words)

    def probability(self, at: int) -> float:
        """Give the probability that the word at `at` is part of a name."""
        line = self._line
        seen = features(line.words, self._labels, at, line.case, self._mood)
        total = self._bias
        for feature in seen:
            total += self._weight(feature, 0.0)
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))
