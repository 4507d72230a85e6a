"""Every mail of the collections, ordinary and hostile: changed rightly, or left and said."""

import email
import email.policy
from collections.abc import Iterator

import pytest

from gateway.pipeline.changing import subject_line
from policies.changes import plan
from policies.changes.neutral import CannotHideError
from policies.changes.plan import Plan
from policies.changes.splice import splice
from policies.message.mime import Outline, outline
from policies.terms import Changes
from tests.golden.awkward import awkward_mails, hostile_mails
from tests.golden.hidden_mails import hidden_mails
from tests.golden.ordinary_mails import ordinary_mails

# Many texts through the same code: counting its lines takes longer than running it.
pytestmark = pytest.mark.no_cover

STATEMENT = "This message is for its addressee and for nobody else."
ADDED = Changes(statements=(STATEMENT,), remove_headers=("internal", "internal_received"))
HIDDEN = Changes(neutral_subject=True)
SUBJECT = subject_line("Example Council", "7F3K-92QD")
NEUTRAL = b"Secure message from Example Council - ref 7F3K-92QD"


def every_mail() -> Iterator[tuple[str, bytes]]:
    yield from awkward_mails()
    yield from hostile_mails()
    yield from ((name, data) for _, name, data in hidden_mails())
    yield from list(ordinary_mails())[::25]


MAILS = {f"{number} {name}": data for number, (name, data) in enumerate(every_mail())}


def shown(data: bytes) -> list[bytes]:
    """The content of each part, as the standard library reads it."""
    whole = email.message_from_bytes(data, policy=email.policy.compat32)
    if whole.defects:  # it reads obsolete forms in its own way
        return []
    return [
        b"" if part.is_multipart() else bytes(part.get_payload(decode=True) or b"")
        for part in whole.walk()
    ]


def planned(data: bytes, changes: Changes, size: int = 997) -> Plan:
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    seen = outline(chunks)
    return plan.plan(seen, lambda: chunks, changes, subject=SUBJECT, hostname="gate.example")


def test_statements_in_every_mail() -> None:
    added = left = 0
    for name, data in MAILS.items():
        before, made = outline([data]), planned(data, ADDED)
        stuck = [why for why in made.left if why.startswith("statement")]
        if not any(edit.insert for edit in made.edits):
            assert stuck, name
            left += 1
            continue
        added += 1
        result = b"".join(splice([data], made.edits))
        after = outline([result])
        assert after.problems == before.problems == (), name
        assert [p.content_type for p in after.parts] == [p.content_type for p in before.parts], name
        old, new = shown(data), shown(result)
        assert len(old) == len(new), name
        if old:
            changed = [one for one, other in zip(new, old, strict=True) if one != other]
            assert 1 <= len(changed) <= 4, name
        assert not any(edit.insert for edit in planned(result, ADDED).edits), name
    assert added > 100
    assert left > 20


def test_neutral_subjects_of_every_mail() -> None:
    hidden = impossible = 0
    for name, data in MAILS.items():
        before = outline([data])
        try:
            made = planned(data, HIDDEN)
        except CannotHideError:
            impossible += 1
            continue
        hidden += 1
        result = b"".join(splice([data], made.edits))
        after = outline([result])
        assert after.all("Subject") == [NEUTRAL], name
        assert not after.all("Thread-Topic"), name
        assert not named(before) & named(after), name
        values = {header.value for header in after.headers}
        assert not values & {raw for raw in before.all("Subject") if raw}, name
        assert sizes(before) == sizes(after), name
        assert shown(data) in ([], shown(result)), name
    assert hidden > 100
    assert impossible > 50


def named(seen: Outline) -> set[str]:
    return {name for part in seen.parts for name in part.names}


def sizes(seen: Outline) -> list[int]:
    return [one.size for one in seen.parts if not one.content_type.startswith("multipart/")]
