"""What the headers of a mail say to people, its own and those of a message inside it.

Promises every plausible reading of every line that people write: remarks, fields of somebody's own
making, display names and comments beside addresses. Of lines that programs write for programs only
what is labelled or written as people write it is kept, for nothing else in them says anything to
anybody. The mail's own subject is `policies.message.subject`'s.
Must never take an address, a token or a time for something that somebody wrote.
"""

import re
from collections.abc import Iterable, Iterator

from policies.extraction.desk import Desk
from policies.message.header_block import Block
from policies.message.shape import Header
from policies.message.subject import SUBJECT_HEADERS
from policies.text import charsets
from policies.text.encoded_words import TEXT_LIMIT, decode_header

# Lines full of numbers that mean nothing to anybody.
_TECHNICAL = re.compile(
    r"received|return-path|delivered-to|message-id|references|in-reply-to|date|mime-version"
    r"|content-(?!description).*|dkim-.*|arc-.*|authentication-results|received-spf|thread-index"
    r"|x-ms-.*|x-microsoft.*|x-forefront.*|x-google.*|x-gm-.*|x-received|x-spam.*|x-proofpoint.*"
    r"|x-mimecast.*|x-originating-.*|x-mailer|user-agent|list-.*|precedence|auto-submitted"
    r"|resent-(?:date|message-id)|msip_labels|feedback-id|expires|expiry-date"
    r"|.*-(?:id|ids|uid|guid|uuid|key|token|info|index|score|hash|signature|sig|version|timestamp"
    r"|time|date|count|level|size|ip)"
)
_ADDRESSED = re.compile(
    r"(?:resent-)?(?:from|sender|to|cc|bcc|reply-to)|disposition-notification-to|errors-to"
    r"|return-receipt-to|mail-(?:followup|reply)-to|x-(?:original-)?(?:from|to|sender|cc)|followup-to"
    r"|apparently-to"
)
_ADDRESS = re.compile(r"<[^<>]{0,998}>|[^\s<>,;:()\"]{1,320}@[^\s<>,;:()\"]{1,255}")
_MACHINE_MADE = re.compile(  # marks, not numbers: UUIDs, hashes, keys in base64
    r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|\b[0-9A-Fa-f]{24,512}\b"
    r"|(?<!\S)(?=\S{0,80}[a-z])(?=\S{0,80}[A-Z])(?=\S{0,80}[0-9])[A-Za-z0-9+/=_]{24,}(?!\S)"
)
_FEWEST_FIGURES = 4  # of a display name that may hold a number
# An address that says whose number it is, or writes one as people do: a bare one is a login.
_NUMBERED = re.compile(
    r"^<?[^@=]{0,64}(?:(?i:nhs|gig|chi|hcn|nino|patient|dob|upn)[^0-9@=]{0,8}[0-9]{3}"
    r"|(?<![0-9])[0-9]{3}[._-][0-9]{3}[._-][0-9]{4}(?![0-9])|\b[A-Za-z]{2}[0-9]{6}[A-Da-d]\b)"
)
_JOINTS = re.compile(r"[._+-]+|(?<=[A-Za-z]{3})(?=[0-9])")
_OVERLAP = 256  # bytes of a long list of addresses that are read twice

# What a line for programs may still say: a number beside its name, or as people write it.
_SAID = re.compile(
    r"(?i:\b(?:nhs|gig|chi|hcn|nino|ni|national insurance|dob|date of birth|born|patient|pupil|upn"
    r"|uln|utr|passport|sort code|account|case|payroll|client|resident|tenant|student|child|learner"
    r"|service user)(?:[ _-]?(?:no|number|num|id|ref))?\b)"
    r"[ :=#._-]{1,3}[A-Za-z]{0,2} ?[0-9][^\r\n]{4,60}"
    r"|(?<![\w.:/+-])[0-9]{3}[ -][0-9]{3}[ -][0-9]{4}(?![\w.:/-])"
    r"|(?<!\S)[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?!\S)"
)


def say_own(block: Block, desk: Desk, *, of_part: bool = False) -> None:
    """Keep what the mail's own header says beside its subject, or that of a part of it.

    The subject of a part is shown by some programs instead of the mail's (RFC 9788).
    """
    kept = (header for header in block.headers if of_part or not _is_subject(header))
    lines = [_readings(header) for header in kept]
    _say_together(lines, desk)


def say_headers(block: Block, desk: Desk) -> None:
    """Keep what the lines of the header of a message inside the mail say."""
    lines: list[list[str]] = []
    for header in block.headers:
        if _TECHNICAL.fullmatch(header.name.lower()):
            lines.append(_readings(header))
            continue
        lines.append(decode_header(header.value))
        if beyond := _beyond(header.value):
            lines.append(beyond)
    _say_together(lines, desk)


def _is_subject(header: Header) -> bool:
    return header.name.lower() in SUBJECT_HEADERS


def _readings(header: Header) -> list[str]:
    """List what one line says to people; nothing for most."""
    name = header.name.lower()
    if _ADDRESSED.fullmatch(name):
        return list(dict.fromkeys(_beside_addresses(header.value)))
    texts = [*decode_header(header.value), *_beyond(header.value)]
    called = name.removeprefix("x-").replace("-", " ").replace("_", " ")
    said = [f"{called}: {text}" for text in texts]
    if _TECHNICAL.fullmatch(name):
        found = ("\n\n".join(match.group() for match in _SAID.finditer(text)) for text in said)
    else:
        found = (_MACHINE_MADE.sub(" ", text) for text in said)
    return list(dict.fromkeys(text for text in found if text))


def _beside_addresses(value: bytes) -> Iterator[str]:
    """Yield the display names, comments and names of groups that may hold a number."""
    for piece in _pieces(value):
        for text in decode_header(piece):
            if local := [one for one in _ADDRESS.findall(text) if _NUMBERED.match(one)]:
                yield "\n\n".join(map(_numbered, local))
            names = _ADDRESS.sub("\n\n", text).split("\n\n")
            kept = [one for one in names if sum(map(str.isdigit, one)) >= _FEWEST_FIGURES]
            if kept:
                yield "\n\n".join(kept)


def _numbered(address: str) -> str:
    """Write what stands before the @ of an address as a number is written: nhs 943 476 5919."""
    local = address.strip("<>").rpartition("@")[0]
    return _JOINTS.sub(" ", local)


def _pieces(value: bytes) -> Iterator[bytes]:
    """Cut a long list of addresses between two of them, so that all of it is decoded."""
    at = 0
    while len(value) - at > TEXT_LIMIT:
        comma = value.rfind(b",", at + _OVERLAP * 2, at + TEXT_LIMIT)
        end = comma if comma > 0 else at + TEXT_LIMIT
        yield value[at:end]
        at = end - _OVERLAP
    yield value[at:]


def _say_together(lines: Iterable[list[str]], desk: Desk) -> None:
    """Keep lines as one text for each depth of readings, a paragraph for each."""
    kept = [line for line in lines if line]
    for depth in range(max(map(len, kept), default=0)):
        desk.say("\n\n".join(line[min(depth, len(line) - 1)] for line in kept))


def _beyond(value: bytes) -> list[str]:
    """Return what stands in a line that is too long to be decoded whole."""
    return charsets.undeclared(value) if len(value) > TEXT_LIMIT else []
