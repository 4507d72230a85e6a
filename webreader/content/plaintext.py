"""Plain text of a mail becomes HTML: its lines and quotes kept, its links made clickable.

Promises markup of `pre`, `blockquote` and `a` only, with every character of the mail escaped.
Flowed text (RFC 3676) is put together again, so that paragraphs wrap to the reader's screen.
Must never make a link of anything but http, https and mailto.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from webreader.content.sanitise import link

_DEEPEST = 12  # levels of quoting that are shown as such
_LINK = re.compile(
    r"""\b(?:https?://[^\s<>"'`{}|\\^\x00-\x20]{1,2000}"""
    r"""|www\.[a-z0-9-]{1,63}\.[^\s<>"'`{}|\\^\x00-\x20]{1,500}"""
    r"""|[a-z0-9._+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})""",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"(?:> ?)+")
_SIGNATURE = "-- "
_CLOSING = {")": "(", "]": "["}


def render(text: str, *, flowed: bool = False, delsp: bool = False) -> str:
    """Return `text` as HTML. `flowed` and `delsp` are the parameters of its media type."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    levels = _flowed(lines, delsp=delsp) if flowed else map(_unquoted, lines)
    out = []
    depth = 0
    for level, run in groupby(levels, key=lambda item: item[0]):
        out.append("<blockquote>" * (level - depth) + "</blockquote>" * (depth - level))
        out.append(f"<pre>{_linked(chr(10).join(line for _, line in run))}</pre>")
        depth = level
    return "".join(out) + "</blockquote>" * depth


def _unquoted(line: str) -> tuple[int, str]:
    """Return how deeply a line is quoted and what is left of it."""
    mark = _QUOTE.match(line)
    if mark is None:
        return 0, line
    return min(mark[0].count(">"), _DEEPEST), line[mark.end() :]


def _flowed(lines: list[str], *, delsp: bool) -> Iterator[tuple[int, str]]:
    """Join lines that end in a space with what follows them at the same depth (RFC 3676, 4)."""
    level, held = 0, ""
    for line in lines:
        text = line.lstrip(">")
        depth = min(len(line) - len(text), _DEEPEST)
        text = text.removeprefix(" ")  # space-stuffing
        if held and (depth != level or text == _SIGNATURE):
            yield level, held
            held = ""
        level = depth
        if text.endswith(" ") and text != _SIGNATURE:
            held += text[:-1] if delsp else text
        else:
            yield level, held + text
            held = ""
    if held:
        yield level, held


def _linked(text: str) -> str:
    """Escape `text` and put its links into `a` elements."""
    out = []
    at = 0
    for match in _LINK.finditer(text):
        shown = _trimmed(match[0])
        target = link(_target(shown))
        if target is None:
            continue
        out.append(escape(text[at : match.start()]))
        out.append(f'<a href="{escape(target)}">{escape(shown)}</a>')
        at = match.start() + len(shown)
    return "".join(out) + escape(text[at:])


def _target(shown: str) -> str:
    if re.match(r"https?://", shown, re.IGNORECASE):
        return shown
    return f"http://{shown}" if shown.lower().startswith("www.") else f"mailto:{shown}"


def _trimmed(found: str) -> str:
    """Leave to the sentence what belongs to it: its full stop, and a bracket it opened."""
    while found:
        last = found[-1]
        unopened = last in _CLOSING and found.count(last) > found.count(_CLOSING[last])
        if last not in ".,;:!?*_~'" and not unopened:
            break
        found = found[:-1]
    return found
