"""Which CSS an e-mail may bring along: a list of properties and a grammar for their values.

Promises that a cleaned style names only listed properties, loads nothing, escapes nothing and
cleans to itself. Must never pass a function other than a colour: `url()`, `image-set()`,
`expression()`, `var()` and whatever comes next are all the same to it.
"""

from __future__ import annotations

import re

_SIDES = ("", "-top", "-right", "-bottom", "-left")
PROPERTIES = frozenset(
    [
        *("color", "background-color", "direction", "unicode-bidi"),
        *("font", "font-family", "font-size", "font-style", "font-variant", "font-weight"),
        *("line-height", "letter-spacing", "word-spacing", "white-space", "word-break"),
        *("overflow-wrap", "word-wrap", "text-align", "text-decoration", "text-indent"),
        *("text-transform", "vertical-align", "list-style-type", "list-style-position"),
        *("display", "float", "clear", "table-layout", "caption-side", "empty-cells"),
        *("width", "max-width", "min-width", "height", "max-height", "min-height"),
        *("border-collapse", "border-spacing", "border-radius", "box-sizing"),
        *(f"padding{side}" for side in _SIDES),
        *(f"margin{side}" for side in _SIDES),
        *(f"border{side}" for side in _SIDES),
        *(f"border{side}-{what}" for side in _SIDES for what in ("color", "style", "width")),
    ]
)
_LONGEST = 8_000  # characters of one style attribute
_WORD = r"[a-z][a-z-]{0,40}"
_NUMBER = r"(?:\d{1,5}(?:\.\d{0,6})?|\.\d{1,6})(?:%|[a-z]{1,4})?"
_COLOUR = r"#[0-9a-f]{3,8}|(?:rgb|hsl)a?\([0-9.,%/ deg]{1,60}\)"
_STRING = r"\"[a-z0-9 ,._-]{1,80}\"|'[a-z0-9 ,._-]{1,80}'"
_TOKEN = rf"(?:{_COLOUR}|{_NUMBER}|{_STRING}|{_WORD})"
_VALUE = re.compile(rf"{_TOKEN}(?:(?:\s*[,/]\s*|\s+){_TOKEN}){{0,30}}")
_REMOTE = re.compile(r"(?:url|image|image-set|src)\(\s*[\"']?\s*(?:https?:|//)", re.IGNORECASE)
_IMPORTANT = re.compile(r"\s*!\s*important$")


def clean(style: str) -> str:
    """Return the declarations of `style` that are allowed, in order; may be empty."""
    kept = []
    for declaration in style[:_LONGEST].split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip(" \t\r\n\f").lower()
        value = _IMPORTANT.sub("", value.strip(" \t\r\n\f").lower())
        if name == "background":  # the shorthand is welcome as long as it is a colour only
            name = "background-color"
        if colon and name in PROPERTIES and _VALUE.fullmatch(value):
            kept.append(f"{name}:{' '.join(value.split())}")
    return ";".join(kept)


def loads_remote(style: str) -> bool:
    """Tell whether `style` asks for something from another host, so that it can be counted."""
    return _REMOTE.search(style[:_LONGEST]) is not None
