"""A glance passes over no line in which names or facts would be found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.detection.second_set import second_set
from policies.detectors import DETECTORS
from policies.detectors.names.glance import FACTS, INITIALS, NAMES, Glance
from policies.detectors.names.nearby import NEARBY
from policies.detectors.scan import scan
from policies.text.view import normalise

# Many texts through the same code: counting its lines takes longer than running it.
pytestmark = pytest.mark.no_cover

GOLDEN = Path(__file__).parents[2] / "golden"
ALL = tuple(DETECTORS.values())
NEAR = tuple(one for one in ALL if one.name in NEARBY)
_MOST_BYTES = 1 << 18  # of a golden file
_TOGETHER = 40  # subjects that make one long text


def letters() -> Iterator[str]:
    """Give the subjects, the bodies and the golden mails as long texts."""
    data = second_set()
    subjects = [sample.text for sample in data.subjects]
    for at in range(0, len(subjects), _TOGETHER):
        yield "\n".join(("Dear pupil", *subjects[at : at + _TOGETHER]))
    yield from (sample.text for sample in data.bodies)
    for path in sorted(GOLDEN.rglob("*")):
        if path.is_file() and path.stat().st_size < _MOST_BYTES:
            yield path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("written", [str, str.lower, str.upper])
def test_a_line_passed_over_holds_nothing(written: type[str]) -> None:
    glance = Glance()
    passed = 0
    for text in letters():
        for line in written(text).splitlines():
            view = normalise(line)
            if not view.normal.strip():
                continue
            held = glance.worth(view.normal, False)
            passed += not held
            found = {one.detector for detector in NEAR for one in detector.find(view)}
            assert held & NAMES or "person_name" not in found
            assert held & INITIALS or "initials" not in found
            assert held & FACTS or found <= {"person_name", "initials"}
    assert passed > 100, "nothing was passed over, so nothing was tried"


def test_long_texts_give_the_same_findings_as_when_every_line_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = [scan(text, ALL) for text in letters()]
    monkeypatch.setattr(Glance, "worth", lambda *_: NAMES | INITIALS | FACTS)
    assert quick == [scan(text, ALL) for text in letters()]
    assert sum(map(len, quick)) > 1000, "hardly anything was found"


@pytest.mark.parametrize(
    ("line", "said", "worth"),
    [
        ("We will look at this again next week.", False, False),
        ("Please see what Okonkwo wrote about it.", False, True),
        ("please see what okonkwo wrote about it", False, True),
        ("The review for J.B. is on Monday.", False, True),
        ("We offer training about dementia.", False, False),
        ("We think that he has dementia.", False, True),
        ("Diagnosis: dementia", False, False),
        ("Diagnosis: dementia", True, True),
        ("The salary is £20,000.", False, False),
        ("Her salary is £20,000.", False, True),
    ],
)
def test_what_is_worth_reading(line: str, said: bool, worth: bool) -> None:
    assert bool(Glance().worth(line, said)) is worth
