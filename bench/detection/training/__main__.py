"""Learns the weights of the name model: `python -m bench.detection.training [--out FILE]`.

Plain stochastic gradient descent with a decaying step (AdaGrad); no library but Python's own.
Promises the same file from the same lists, frames and seed.
"""

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

from bench.detection.training.frames import Taught, lessons, names
from policies.detectors.names.candidates import may_be
from policies.detectors.names.features import features, label, mood
from policies.detectors.names.gazetteer import entries
from policies.detectors.names.model import WEIGHTS, likeness

SEED = 20261122
_ROUNDS = 30  # fillings of every frame
_PASSES = 4
_RAREST = 4  # lessons a feature must occur in
_SMALLEST = 0.06  # weights nearer to nought are left out
_SOONEST = 0.25

Example = tuple[tuple[str, ...], bool]


def main() -> None:
    """Learn and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    out: Path = parser.parse_args().out
    trigrams = learn_trigrams()
    examples = [one for taught in lessons(SEED, _ROUNDS) for one in _examples(taught, trigrams)]
    bias, weights = learn(examples)
    kept = {
        name: round(value, 2) for name, value in sorted(weights.items()) if abs(value) > _SMALLEST
    }
    data = {"bias": round(bias, 3), "features": kept, "trigrams": trigrams}
    out.write_text(json.dumps(data, separators=(",", ":"), ensure_ascii=True) + "\n", "utf-8")
    print(f"{len(examples)} examples, {len(kept)} features, {out.stat().st_size} bytes")


def learn_trigrams() -> dict[str, float]:
    """Weigh each three letters: the log of how much likelier they are in names than in words."""
    of_names = _counted(
        name
        for file in ("first_names.txt", "surnames.txt")
        for several in names(file).values()
        for name in several
    )
    of_words = _counted(word for _, word in entries("common_words.txt"))
    of_words.update(_counted(word for _, word in entries("places.txt") if "_" not in word))
    everything = (of_names.total(), of_words.total())
    odds = {}
    for three in of_names.keys() | of_words.keys():
        name = (of_names[three] + 0.5) / (everything[0] + 2000)
        word = (of_words[three] + 0.5) / (everything[1] + 2000)
        if of_names[three] + of_words[three] > 1:
            odds[three] = round(math.log(name / word), 1)
    return {three: value for three, value in sorted(odds.items()) if value}


def _counted(words: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for word in words:
        spelt = f"^{word}$"
        counts.update(spelt[at : at + 3] for at in range(len(spelt) - 2))
    return counts


def _examples(taught: Taught, trigrams: dict[str, float]) -> Iterable[Example]:
    words = taught.line.words
    labels = [label(word, lambda low: likeness(low, trigrams)) for word in words]
    about = mood(words)
    for at, word in enumerate(words):
        if may_be(taught.line, word):
            yield features(words, labels, at, taught.line.case, about), taught.truth[at]


def learn(examples: list[Example]) -> tuple[float, dict[str, float]]:
    """Fit the weights."""
    counts = Counter(feature for seen, _ in examples for feature in seen)
    weights = {feature: 0.0 for feature, count in counts.items() if count >= _RAREST}
    slopes = dict.fromkeys(weights, 1.0)
    bias, rng = 0.0, Random(SEED)
    for turn in range(_PASSES):
        rng.shuffle(examples)
        step = _SOONEST / (1 + 0.5 * turn)
        for seen, truth in examples:
            known = [feature for feature in seen if feature in weights]
            total = bias + sum(weights[feature] for feature in known)
            error = truth - 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))
            bias += step * 0.02 * error
            for feature in known:
                slopes[feature] += error * error
                weights[feature] += step * (
                    error / math.sqrt(slopes[feature]) - 4e-4 * weights[feature]
                )
    return bias, weights


if __name__ == "__main__":
    main()
