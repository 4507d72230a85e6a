"""Personal data hidden in a subject is found; subjects that only look like it are left alone."""

import re
from pathlib import Path

import pytest

from policies.detectors import DETECTORS
from policies.text.view import decode_header, normalise

FOLDER = Path(__file__).parent.parent / "golden" / "hiding"


def value(text: str) -> bytes:
    """A raw header value from the notation of the files."""
    text = re.sub(r"\\u\{([0-9A-F]+)\}", lambda match: chr(int(match[1], 16)), text)
    raw = text.replace("\\n", "\r\n ").encode()
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), raw)


def entries(name: str) -> list[str]:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("# ") and line != "#"]


TRICKS = [[piece.strip() for piece in line.split("|", 2)] for line in entries("subjects.txt")]
CLEAN = entries("clean.txt")


def found_in(raw: bytes) -> set[str]:
    views = [normalise(text) for text in decode_header(raw)]
    return {
        finding.detector
        for view in views
        for detector in DETECTORS.values()
        for finding in detector.find(view)
    }


def test_there_are_enough_tricks() -> None:
    assert len(TRICKS) == len({name for name, _, _ in TRICKS}) >= 40
    assert {detector for _, detector, _ in TRICKS} >= {"nhs_number", "upn", "postcode", "phone"}


@pytest.mark.parametrize(("detector", "text"), [t[1:] for t in TRICKS], ids=[t[0] for t in TRICKS])
def test_a_trick_is_seen_through(detector: str, text: str) -> None:
    assert detector in found_in(value(text))


@pytest.mark.parametrize("text", CLEAN)
def test_a_clean_subject_is_left_alone(text: str) -> None:
    assert found_in(value(text)) == set()


def test_most_tricks_would_defeat_a_search_of_the_raw_header() -> None:
    shapes = (
        rb"\d{3}[ -]?\d{3}[ -]?\d{4}|\b\d{5} \d{6}\b|[A-Z]\d{12}|\w+@\w+\.\w+|\b\d\d/\d\d/\d{4}"
    )
    seen = [name for name, _, text in TRICKS if re.search(shapes, value(text))]
    assert len(seen) < len(TRICKS) / 4
