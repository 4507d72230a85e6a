"""However an NHS number is hidden in a mail, the mail does not leave in the clear."""

from collections import Counter

import pytest

from bench.detection.hiding import CLEAR, FOUND, POLICY, decide, end_of
from policies.language.loader import load_text
from tests.golden.hidden_mails import CLASSES, hidden_mails

# Many texts through the same code: counting its lines takes longer than running it.
pytestmark = pytest.mark.no_cover

MAILS = list(hidden_mails())
SEALING = load_text(POLICY)


def test_there_are_enough_of_every_class() -> None:
    assert len({mail for _, _, mail in MAILS}) == len({name for _, name, _ in MAILS}) >= 500
    counts = Counter(kind for kind, _, _ in MAILS)
    assert set(counts) == set(CLASSES)
    assert min(counts.values()) >= 30


@pytest.mark.parametrize("kind", CLASSES)
def test_none_is_relayed_in_the_clear(kind: str) -> None:
    ends = {name: end_of(decide(SEALING, mail)) for of, name, mail in MAILS if of == kind}
    assert [name for name, end in ends.items() if end == CLEAR] == []
    found = sum(end == FOUND for end in ends.values())
    assert found >= len(ends) * 0.6, "most are found rather than given up"


def test_the_same_mails_without_a_number_would_leave() -> None:
    """A gateway that seals everything would pass the test above."""
    clean = [
        mail.replace(b"NHS number 999 725 1466", b"room number 12")
        for kind, name, mail in MAILS
        if (kind, name)
        in {
            ("structure", "body in the open"),
            ("structure", "before the first part"),
            ("structure", "attached mail"),
            ("HTML", "inside title"),
            ("HTML", "not displayed"),
        }
    ]
    assert len(clean) == 5
    assert [end_of(decide(SEALING, mail)) for mail in clean] == [CLEAR] * 5


def test_reading_says_nothing_in_a_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Parsers quote what they stumble over."""
    caplog.set_level(0)
    for kind, _, mail in MAILS:
        if kind == "document":
            decide(SEALING, mail)
            decide(SEALING, mail.replace(b"JV", b"JW", 1))
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
