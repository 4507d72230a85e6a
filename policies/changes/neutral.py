"""A neutral subject: what a clear copy shows in its place, and no name of an attachment.

Promises that afterwards no header and no part name of the mail says what the subject said, or that
it is said to be impossible: then the mail is sealed. Must never do it by halves.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from policies.changes.fields import Field, fields_of, head_of
from policies.changes.obstacles import obstacle
from policies.changes.splice import Edit, ordered, read_at, splice
from policies.message.mime import outline as outline_of
from policies.message.shape import Outline, Part

Read = Callable[[], Iterable[bytes]]

_SHOWN_ELSEWHERE = {
    "message/rfc822": "it has a message attached",
    "message/global": "it has a message attached",
    "text/calendar": "it holds a calendar entry",
    "application/ics": "it holds a calendar entry",
    "application/ms-tnef": "it holds a winmail.dat",
    "application/vnd.ms-tnef": "it holds a winmail.dat",
}
_TOPIC = (
    "thread-topic", "keywords", "comments", "summary", "original-subject", "x-original-subject",
)  # fmt: skip
_NAMED = ("content-disposition", "content-type", "content-description")
_PARAMETER = re.compile(
    rb";[ \t\r\n]*(?:file)?name(?:\*\d{0,3})?\*?[ \t\r\n]*="
    rb'[ \t\r\n]*(?:"(?:[^"\\]|\\.)*"|[^;\s]*)',
    re.IGNORECASE | re.DOTALL,
)
_FORM = re.compile(
    rb'\s*[^\s;="]+(?:\s*;\s*[^\s;="]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;"]+))*\s*;?\s*', re.DOTALL
)
UNUSUAL = "its header is not laid out in a usual way"
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,5})\Z")


class CannotHideError(Exception):
    """The subject of a mail cannot be hidden; says why."""


def neutral_subject(organisation: str, reference: str) -> str:
    """Return the subject that a copy shows."""
    return f"Secure message from {organisation} - ref {reference}"


def plan(outline: Outline, read: Read, subject: bytes) -> list[Edit]:
    """Return the edits that put `subject`, a header field, in place of what the mail says.

    Raises CannotHideError.
    """
    if why := obstacle(outline):
        raise CannotHideError(why)
    for part in outline.parts:
        if part.content_type in _SHOWN_ELSEWHERE:
            raise CannotHideError(_SHOWN_ELSEWHERE[part.content_type])
    heads = read_at(read(), map(head_of, outline.parts))
    numbers = count(1)
    edits: list[Edit] = []
    for index, part in enumerate(outline.parts):
        fields = list(fields_of(heads[part.head], part.head))
        if index == 0:
            edits += _top(fields, subject)
        edits += _unnamed(part, fields, numbers)
    _prove(read, edits, subject)
    return edits


def _top(fields: list[Field], subject: bytes) -> Iterator[Edit]:
    hidden = [field for field in fields if field.name in ("subject", *_TOPIC)]
    put = False
    for field in hidden:
        new = subject if field.name == "subject" and not put else b""
        put = put or bool(new)
        yield Edit(field.at, len(field.raw), new)
    if not put:
        yield Edit(0, 0, subject)


def _unnamed(part: Part, fields: list[Field], numbers: Iterator[int]) -> Iterator[Edit]:
    """Give an attachment a name that says nothing but what kind of file it is."""
    if not part.names and not any(field.name == "content-description" for field in fields):
        return
    ending = next(filter(None, map(_ENDING.search, part.names)), None)
    name = f"attachment-{next(numbers)}{ending[0].lower() if ending else ''}".encode()
    for field in fields:
        if field.name == "content-description":
            yield Edit(field.at, len(field.raw), b"")
        elif field.name in _NAMED:
            yield from _renamed(field, name)


def _renamed(field: Field, name: bytes) -> Iterator[Edit]:
    """Put `name` in place of the first name parameter of a field, and remove the others."""
    word = b"filename" if field.name == "content-disposition" else b"name"
    new = b';\r\n\t%s="%s"' % (word, name)
    if _FORM.fullmatch(_PARAMETER.sub(b"", field.value)) is None:
        raise CannotHideError(UNUSUAL)  # a piece of a name could be left behind
    for found in _PARAMETER.finditer(field.raw):
        yield Edit(field.at + found.start(), found.end() - found.start(), new)
        new = b""


def _prove(read: Read, edits: list[Edit], subject: bytes) -> None:
    """Read the mail as it would be sent. Raises CannotHideError if anything is left to be read."""
    try:
        seen = outline_of(splice(read(), ordered(edits)))
    except ValueError:
        raise CannotHideError(UNUSUAL) from None
    shown = [b"Subject:" + one.raw for one in seen.headers if one.name.lower() == "subject"]
    named = [name for part in seen.parts for name in part.names]
    topics = [name for name in _TOPIC if seen.all(name)]
    neutral = all(re.fullmatch(r"attachment-\d+(\.[a-z0-9]{1,5})?", name) for name in named)
    if seen.problems or shown != [subject.removesuffix(b"\r\n")] or topics or not neutral:
        raise CannotHideError(UNUSUAL)
