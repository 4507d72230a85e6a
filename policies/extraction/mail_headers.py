"""What the headers of a message inside the mail say to people.

Promises every plausible reading of every line that is not written by programs for programs. Of the
mail's own header it reads remarks alone: its subject is `policies.message.subject`'s, and whom it
is from and to is no content.
"""

import re

from policies.extraction.desk import Desk
from policies.message.header_block import Block
from policies.text import charsets
from policies.text.encoded_words import TEXT_LIMIT, decode_header

# Lines full of numbers that mean nothing to anybody.
_TECHNICAL = re.compile(
    r"received|return-path|delivered-to|message-id|references|in-reply-to|date|mime-version"
    r"|content-(?!description).*|dkim-.*|arc-.*|authentication-results|received-spf|thread-index"
    r"|x-ms-.*|x-microsoft.*|x-forefront.*|x-google.*|x-gm-.*|x-received|x-spam.*|x-proofpoint.*"
    r"|x-mimecast.*|x-originating-.*|x-mailer|user-agent|list-.*|precedence|auto-submitted"
)

# Written by people for people, beside the subject (RFC 5322 section 3.6.5). Outlook's categories
# leave as Keywords.
_REMARKS = frozenset({"comments", "keywords"})


def say_remarks(block: Block, desk: Desk) -> None:
    """Keep what the mail's own header remarks."""
    for header in block.headers:
        if header.name.lower() in _REMARKS:
            for text in (*decode_header(header.value), *_beyond(header.value)):
                desk.say(text)


def say_headers(block: Block, desk: Desk) -> None:
    """Keep what the lines of a header block say."""
    lines: list[list[str]] = []
    for header in block.headers:
        if _TECHNICAL.fullmatch(header.name.lower()):
            continue
        lines.append(decode_header(header.value))
        if beyond := _beyond(header.value):
            lines.append(beyond)
    for depth in range(max(map(len, lines), default=0)):
        desk.say("\n".join(line[min(depth, len(line) - 1)] for line in lines))


def _beyond(value: bytes) -> list[str]:
    """Return what stands in a line that is too long to be decoded whole."""
    return charsets.undeclared(value) if len(value) > TEXT_LIMIT else []
