"""What is fuzzed: each target takes any bytes, and may neither raise nor take long."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from policies.extraction import markup, wire
from policies.extraction.budgets import MIB, Budgets
from policies.extraction.mail import extract
from policies.message.mime import outline
from policies.text.view import decode_header, normalise
from tests.policies.extraction.mails import attached
from tests.policies.extraction.test_hiding_in_mail import ENCRYPTED, HIDDEN
from tests.policies.extraction.test_kinds_read import CLOSED, LOCKED, READ

SMALL = Budgets(
    bytes_in=MIB, member=MIB, unpacked=4 * MIB, characters=MIB, passages=2000, entries=500,
    seconds=1.5,
)  # fmt: skip
FILES = [*(one[0] for one in READ.values()), *(one[0] for one in LOCKED.values()), *CLOSED.values()]
MAILS = [*HIDDEN.values(), *ENCRYPTED.values()]
PAGES = [raw.partition(b"\r\n\r\n")[2] for name, raw in HIDDEN.items() if name.startswith("html")]


@dataclass(frozen=True, slots=True)
class Target:
    """What takes the bytes, and what they are made from."""

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]


def read_mail(raw: bytes) -> None:
    """Read a mail, and carry the answer as a worker would."""
    content = extract(outline([raw]), [raw], SMALL)
    parts = len(outline([raw]).parts)
    answer = wire.Answer(SMALL, parts)
    for frame in wire.pack(content):
        answer.feed(frame)
    assert answer.complete, "a worker could not have said this"


def read_file(data: bytes) -> None:
    """Read a file as the attachment of a mail."""
    read_mail(attached(data))


def read_page(raw: bytes) -> None:
    """Take a page apart."""
    markup.read_page(raw.decode("latin-1"))


def read_header(raw: bytes) -> None:
    """Decode and normalise a header."""
    for text in decode_header(raw):
        view = normalise(text)
        assert len(view.starts) == len(view.normal), "a normal text without its way back"


TARGETS = {
    "mail": Target(read_mail, MAILS),
    "file": Target(read_file, FILES),
    "page": Target(read_page, PAGES),
    "header": Target(read_header, [raw.partition(b"Subject: ")[2][:80] for raw in MAILS]),
}
