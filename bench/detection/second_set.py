"""A second set of subjects and bodies, made by hand-written frames and a seed.

`python -m bench.detection.second_set FOLDER` writes it out to be looked at. Promises the same
samples from the same seed, no text twice. Must never be tuned to what detectors find: it is there
to say what they miss.
"""

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from bench.detection.samples import DataSet, Entity, Sample, to_lines
from bench.detection.second import numbers
from bench.detection.second.disguises import for_type
from bench.detection.second.frames import Filler, blocks, lines, words
from bench.detection.second.people import groups

SEED = 71023
PLAIN_A_FRAME, DISGUISED_A_FRAME = 7, 4
HARD_A_FRAME, ORDINARY_A_FRAME = 3, 2
BODIES = 240
LATER_A_FRAME = 4
PANEL_A_GROUP = 240  # names of each origin, in the same frames
CASES = ("lower", "caps")
_CASED = 0.09  # of subjects, split between the two
_NO_PERSON = 0.3  # of bodies
_ONE_NAME = re.compile(r"[^{]*\{(full|first|mr|mrfull|rev|init)\}([^{]|\{(day|time|date)\})*")
_KIND = {make[0]: name for name, make in numbers.MAKERS.items()}


def second_set(seed: int = SEED) -> DataSet:
    """Make the set."""
    filler = Filler(Random(seed), groups(), words())
    return DataSet("second set", tuple(_unique(_subjects(filler))), tuple(_bodies(filler)))


def name_panel(seed: int = SEED) -> tuple[Sample, ...]:
    """Make subjects that differ in the origin of the name alone, as many for every origin."""
    frames = [f for f in lines("positive.txt") if _ONE_NAME.fullmatch(f)]
    panel: list[Sample] = []
    for group in groups():
        filler = Filler(Random(seed), (group,), words())
        chosen = (frames[at % len(frames)] for at in range(PANEL_A_GROUP))
        panel.extend(_sample(filler, frame, "pos") for frame in chosen)
    return tuple(panel)


def later_lines(seed: int = SEED) -> tuple[Sample, ...]:
    """Make the few subjects whose wording is younger than the detectors."""
    filler = Filler(Random(seed), groups(), words())
    frames = [(frame, "pos") for frame in lines("later_positive.txt")] * LATER_A_FRAME
    frames += [(frame, "hard") for frame in lines("later_hard.txt")]
    return tuple(_unique(_sample(filler, *frame) for frame in frames))


def digest(data: DataSet) -> str:
    """Return the SHA-256 of the whole set, in hex."""
    text = to_lines(data.subjects) + to_lines(data.bodies)
    return hashlib.sha256(text.encode()).hexdigest()


def _subjects(filler: Filler) -> Iterator[Sample]:
    for frame in lines("positive.txt"):
        for _ in range(PLAIN_A_FRAME):
            yield _cased(_sample(filler, frame, "pos"), filler.rng)
        for disguise in _disguises(frame, filler.rng):
            yield _sample(filler, frame, "pos", disguise)
    for category, most in (("hard", HARD_A_FRAME), ("ordinary", ORDINARY_A_FRAME)):
        for frame in lines(f"{category}.txt"):
            for _ in range(most):
                yield _cased(_sample(filler, frame, category), filler.rng)


def _disguises(frame: str, rng: Random) -> list[str]:
    """Choose disguises that at least one identifier of the frame can wear."""
    kinds = [kind for kind, name in _KIND.items() if f"{{{name}}}" in frame]
    fit = sorted({disguise for kind in kinds for disguise in for_type(kind)})
    if not fit:
        fit = sorted(for_type("NAME")) if "{full}" in frame and rng.random() < 0.2 else []
    return rng.sample(fit, min(DISGUISED_A_FRAME, len(fit)))


def _sample(filler: Filler, frame: str, category: str, disguise: str = "") -> Sample:
    text, entities = filler.fill(frame, disguise)
    return Sample(text, tuple(entities), category, disguise or "plain")


def _cased(sample: Sample, rng: Random) -> Sample:
    """Write some subjects all in small letters or all in capitals."""
    style = rng.choice(CASES) if rng.random() < _CASED else ""
    if not style:
        return sample
    change = str.lower if style == "lower" else str.upper
    changed = (change(char) for char in sample.text)
    text = "".join(
        new if len(new) == 1 else old for new, old in zip(changed, sample.text, strict=True)
    )
    return Sample(text, sample.entities, sample.category, style)


def _bodies(filler: Filler) -> Iterator[Sample]:
    personal, neutral, signatures = (
        blocks(f"{name}.txt") for name in ("bodies_with", "bodies_without", "signatures")
    )
    for _ in range(BODIES):
        rng = filler.rng
        with_person = rng.random() >= _NO_PERSON
        chosen = rng.sample(neutral, rng.randrange(2, 6))
        if with_person:
            chosen += rng.sample(personal, rng.randrange(1, 4))
        rng.shuffle(chosen)
        if rng.random() < 0.5:
            chosen.append(rng.choice(signatures))
        yield _body(filler, chosen, signatures, "pos" if with_person else "ordinary")


def _body(filler: Filler, chosen: list[str], signatures: list[str], category: str) -> Sample:
    text, entities = "", []
    for block in chosen:
        filled, found = filler.fill(block, signature=block in signatures)
        entities += [
            Entity(one.type, one.start + len(text), one.end + len(text), one.origin)
            for one in found
        ]
        text += filled + "\n\n"
    return Sample(text, tuple(entities), category)


def _unique(samples: Iterator[Sample]) -> Iterator[Sample]:
    seen: set[str] = set()
    for sample in samples:
        if sample.text not in seen:
            seen.add(sample.text)
            yield sample


def main() -> None:
    """Write both files to a folder and print the digest."""
    folder, data = Path(sys.argv[1]), second_set()
    (folder / "subjects.jsonl").write_text(to_lines(data.subjects), "utf-8")
    (folder / "bodies.jsonl").write_text(to_lines(data.bodies), "utf-8")
    print(len(data.subjects), "subjects,", len(data.bodies), "bodies, SHA-256", digest(data))


if __name__ == "__main__":
    main()
