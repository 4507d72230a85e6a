"""Where fuzzing starts from: the golden files of the tests, for each target those that fit it."""

import email
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from policies.detectors import DETECTORS
from policies.detectors.groups import members
from policies.language.loader import STARTER
from policies.message.mime import outline
from tests.golden.awkward import awkward_mails, hostile_mails
from tests.golden.everyday_mails import everyday_mails
from tests.golden.hidden_mails import hidden_mails
from tests.golden.ordinary_mails import ordinary_mails
from tests.policies.extraction.test_kinds_read import FILES

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
_LARGEST = 60_000  # bytes of one seed: larger ones only slow the run down
IDENTIFIERS = members("identifiers", DETECTORS)
_BODY = re.compile(rb"\r?\n\r?\n")


def seeds(target: str) -> list[bytes]:
    """Return what a target starts from."""
    return list(_seeds(target))


@cache
def _seeds(target: str) -> tuple[bytes, ...]:
    found: Callable[[], Iterable[bytes]] = {
        "policy_file": _policies,
        "attachment": _files,
        "page": _pages,
        "letter": _letters,
    }.get(target, _mails)
    if target in ("normalisation", "encoded_words", "charset", "parameters"):
        found = _values(target)
    if target in IDENTIFIERS:
        found = _subjects(target)
    return tuple(seed for seed in found() if len(seed) <= _LARGEST)


@cache
def _mails() -> tuple[bytes, ...]:
    named = [mail for _, mail in (*awkward_mails(), *hostile_mails(), *ordinary_mails())]
    hidden = [mail for _, _, mail in hidden_mails()]
    return tuple(mail for mail in (*named, *hidden) if len(mail) <= 10 * _LARGEST)


def _values(target: str) -> Callable[[], Iterator[bytes]]:
    """Give header values; for character sets also a body behind a name of one."""

    def values() -> Iterator[bytes]:
        wanted = {"parameters": "content-"}.get(target, "")
        for mail in _mails():
            found = outline([mail])
            yield from (
                header.raw for header in found.headers if header.name.lower().startswith(wanted)
            )
            if target == "charset":
                yield found.parts[0].charset.encode() + b"\n" + mail[-400:]

    return values


def _files() -> Iterator[bytes]:
    """Give files of every kind, and those of the mails, decoded by the standard library."""
    yield from FILES
    for mail in _mails():
        with suppress(Exception):
            for part in email.message_from_bytes(mail).walk():
                content = part.get_payload(decode=True)
                if isinstance(content, bytes):
                    yield content


def _pages() -> Iterator[bytes]:
    for mail in _mails():
        if b"text/html" in mail[:2000]:
            yield _BODY.split(mail, maxsplit=1)[-1]


def _letters() -> Iterator[bytes]:
    for _, _, mail in everyday_mails("Her NHS number is 943 476 5919. Jake Thornton has epilepsy."):
        yield _BODY.split(mail, maxsplit=1)[-1]


def _subjects(name: str) -> Callable[[], Iterator[bytes]]:
    """Give subjects that hold an identifier, those of one detector three times as often."""

    def subjects() -> Iterator[bytes]:
        for line in (GOLDEN / "subjects" / "identifiers.txt").read_bytes().splitlines():
            detector, _bar, subject = line.partition(b"|")
            times = 3 if detector.strip().decode() == name else 1
            yield from [subject.strip()] * times * bool(subject)

    return subjects


def _policies() -> Iterator[bytes]:
    for folder in (STARTER, GOLDEN / "bad_policy"):
        yield from (path.read_bytes() for path in sorted(folder.rglob("*.yaml")))
