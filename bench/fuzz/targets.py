"""What is fuzzed: a function of bytes for each reader of foreign input, and what it promises.

For the long runs and for the tests. Promises that a target raises nothing but BrokenPromiseError,
whatever the reader under it does right; any other exception is a finding.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise

from policies.detectors import DETECTORS, Finding
from policies.detectors.groups import members
from policies.detectors.scan import scan
from policies.errors import PolicyError
from policies.extraction.mail import extract
from policies.language.loader import load_text
from policies.message.lifetime import lifetime
from policies.message.mime import Outline, outline
from policies.message.parameters import boundary_of, structured
from policies.message.subject import SUBJECT_HEADERS, Readings
from policies.text import charsets
from policies.text.encoded_words import TEXT_LIMIT, decode_header
from policies.text.view import View, normalise

Target = Callable[[bytes], None]
_FLAGS = load_text("version: 1\nrules:\n  - name: a\n    when:\n      flag: any\n    then: seal\n")
_ATTACHED = (
    b"From: a@b.example\r\nContent-Type: application/octet-stream\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n"
)
_PROSE = "The hall is closed while the floor is sanded. Please reply before noon.\n" * 8
IDENTIFIERS = members("identifiers", DETECTORS)
_NOW = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)


class BrokenPromiseError(Exception):
    """A reader gave back something that it promises never to give."""


def held(promise: bool, what: str) -> None:
    """Raise BrokenPromiseError unless a promise was kept."""
    if not promise:
        raise BrokenPromiseError(what)


def normalisation(data: bytes) -> None:
    """Normalise a text: offsets ascend and stay inside the original."""
    text = _text(data)
    view = normalise(text)
    held(len(view.normal) == len(view.starts) == len(view.ends), "an offset for each character")
    held(all(a <= b for a, b in pairwise(view.starts)), "starts ascend")
    for at in range(len(view.normal)):
        start, end = view.span(at, at + 1)
        held(0 <= start <= end <= len(text), "a span lies inside the text")
    held(view.cut or len(text) <= TEXT_LIMIT, "what is cut says so")
    search(view)


def search(view: View) -> None:
    """Every detector on a view: findings lie inside and do not overlap."""
    for detector in DETECTORS.values():
        _apart(detector.find(view), len(view.original))


def _apart(findings: Iterable[Finding], length: int) -> None:
    inside = sorted(findings)
    for one in inside:
        held(0 <= one.start < one.end <= length, f"{one.detector} stays inside")
    for one, other in pairwise(inside):
        held(one.end <= other.start, f"{one.detector} finds each thing once")


def detector(name: str) -> Target:
    """Give the target of one detector: a subject, and the same in the midst of a letter."""
    asked = DETECTORS[name]

    def target(data: bytes) -> None:
        text = _text(data)
        _apart(asked.find(normalise(text)), len(text))
        long = f"{_PROSE}{text}\n{_PROSE}"
        _apart(scan(long, (asked,)), len(long))

    return target


def letter(data: bytes) -> None:
    """Search a letter with every detector at once: findings of each lie inside and apart."""
    text = _text(data)
    found = scan(text, DETECTORS.values())
    for name in DETECTORS:
        _apart((one for one in found if one.detector == name), len(text))


def encoded_words(data: bytes) -> None:
    """Decode a raw header value in every reading."""
    readings = decode_header(data)
    held(bool(readings), "there is always a reading")
    for reading in readings[:4]:
        normalise(reading)


def charset(data: bytes) -> None:
    """Decode by a declared character set: its name is the first line."""
    name, _, raw = data.partition(b"\n")
    charsets.readings(raw, name.decode("latin-1"))
    charsets.undeclared(raw)


def parameters(data: bytes) -> None:
    """Read a structured header and the boundary it names."""
    value = structured(data)
    boundary_of(value, data)


def mail(data: bytes) -> None:
    """Outline a mail: the same however it is cut, and all that policy asks of it answered."""
    found = outline([data])
    held(found == outline(_cut(data)), "the outline does not depend on chunks")
    held(bool(found.parts), "the mail itself is a part")
    readings = Readings(found)
    for view in readings.of(*SUBJECT_HEADERS):
        search(view)
    _asked(found)


def _asked(found: Outline) -> None:
    _FLAGS.reader.flags(Readings(found))
    try:
        lifetime(found, _NOW)
    except ValueError as error:
        held(len(str(error)) < 500, "an error is short")


def extraction(data: bytes) -> None:
    """Read a mail and everything in it."""
    found = outline([data])
    content = extract(found, [data])
    for passage in content.passages:
        held(passage.part < max(1, len(found.parts)), "a passage stands in a part")


def attachment(data: bytes) -> None:
    """Read a file that is attached under no name: its kind is told by its content."""
    extraction(_ATTACHED + data)


def page(data: bytes) -> None:
    """Read a page of HTML as the body."""
    extraction(b"From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + data)


def policy_file(data: bytes) -> None:
    """Load a policy file: a policy, or problems that can be read."""
    try:
        load_text(data.decode("utf-8", "replace"))
    except PolicyError as error:
        held(bool(error.problems), "an error names problems")
        held(all(problem.found for problem in error.problems), "a problem says what was found")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass") if _utf8(data) else data.decode("latin-1")


def _utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _cut(data: bytes) -> Iterator[bytes]:
    """Cut at places that the bytes themselves decide."""
    at = 0
    while at < len(data):
        size = 1 + data[at] % 97
        yield data[at : at + size]
        at += size


TARGETS: dict[str, Target] = {
    "normalisation": normalisation,
    "encoded_words": encoded_words,
    "charset": charset,
    "parameters": parameters,
    "mail": mail,
    "page": page,
    "attachment": attachment,
    "extraction": extraction,
    "policy_file": policy_file,
    "letter": letter,
    **{name: detector(name) for name in IDENTIFIERS},
}
