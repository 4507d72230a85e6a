"""What `make` runs is there: a file that was moved would end the proofs before they begin."""

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
NAMED = re.compile(r"(?<![\w./])(?:tests|deploy|bench)/[\w./-]+")


def missing(makefile: str) -> list[str]:
    """The files and folders that a Makefile names and that are not there."""
    return [path for path in NAMED.findall(makefile) if not (TOP / path).exists()]


def test_every_file_that_make_names_is_there() -> None:
    makefile = (TOP / "Makefile").read_text()
    assert NAMED.findall(makefile)
    assert missing(makefile) == []


def test_a_file_that_was_moved_is_seen() -> None:
    assert missing("\t@pytest tests/faults tests/elsewhere/test_doors.py") == [
        "tests/elsewhere/test_doors.py"
    ]
