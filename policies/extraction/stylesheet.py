"""Style sheets: what they write into a page, what they hide of it, and where else they point.

Promises every text in quotation marks, the pieces of one `content` put together, and every address.
Linear. Must never fetch anything.
Source: CSS Values and Units Level 3 (strings, `url()`, `attr()`), CSS Generated Content.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

_QUOTED = re.compile(r"\"([^\"]++)\"|'([^']++)'|/\*([^*]++)\*")
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\n]?")
_CONTENT = re.compile(r"content\s*:([^;{}]{3,2000})", re.IGNORECASE)
_URL = re.compile(r"url\(\s*(?:\"([^\"]++)\"|'([^']++)'|([^\"'()\s]++)\s*\))", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"attr\(\s*([A-Za-z][\w-]{0,60})", re.IGNORECASE)
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|mso-hide\s*:\s*all"
    r"|opacity\s*:\s*0(?![.\d])|max-height\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_HIDING_RULE = re.compile(r"\.([\w-]{1,100})\s*\{([^{}]{0,2000})\}")
_MOST_NAMES = 20
_LAST_CHARACTER = 0x10FFFF


def said(css: str) -> list[str]:
    """List what a sheet, or a `style`, writes or points to."""
    found = _quoted(css)
    if "content" in css:
        pieces = map(_quoted, _CONTENT.findall(css))
        found += ["".join(several) for several in pieces if len(several) > 1]
    return found + [unquote(one) for one in _links(css) if one[:5].lower() != "data:"]


def data_urls(css: str) -> list[str]:
    """List the links in a sheet that hold what they point to (RFC 2397)."""
    return [one for one in _links(css) if one[:5].lower() == "data:"]


def _links(css: str) -> Iterator[str]:
    return ("".join(groups) for groups in _URL.findall(css))


def hides(css: str) -> bool:
    """Tell whether a `style` hides what it is for."""
    return _HIDES.search(css) is not None


def hidden_classes(page: str) -> frozenset[str]:
    """Find the classes that a style sheet in a page hides."""
    if "<style" not in page.lower():
        return frozenset()
    return frozenset(name for name, rule in _HIDING_RULE.findall(page) if hides(rule))


def shown_attributes(page: str) -> frozenset[str]:
    """Find the attributes whose values a style sheet in a page shows."""
    if "attr(" not in page.lower():
        return frozenset()
    return frozenset(one.lower() for one in _ATTRIBUTE.findall(page)[:_MOST_NAMES])


def _quoted(css: str) -> list[str]:
    found = ["".join(groups) for groups in _QUOTED.findall(css)]
    return [_ESCAPE.sub(_character, one) if "\\" in one else one for one in found]


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if 0 < code <= _LAST_CHARACTER else "\ufffd"
