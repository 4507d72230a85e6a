"""What the headers of a message inside the mail say to people.

Promises every plausible reading of every line that is not written by programs for programs. Must
never be asked about the mail's own headers: those are `policies.message.subject`.
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


def say_headers(block: Block, desk: Desk) -> None:
    """Keep what the lines of a header block say."""
    lines: list[list[str]] = []
    for header in block.headers:
        if _TECHNICAL.fullmatch(header.name.lower()):
            continue
        lines.append(decode_header(header.value))
        if len(header.value) > TEXT_LIMIT:
            lines.append(charsets.undeclared(header.value))
    for depth in range(max(map(len, lines), default=0)):
        desk.say("\n".join(line[min(depth, len(line) - 1)] for line in lines))
