"""How tall the frame of a message should be, guessed from its text.

Without a script a frame cannot fit itself to what is in it. A guess too low leaves a scroll bar,
one too high leaves room; the reader can also pull the frame's corner. The heights themselves are in
the style sheet, which knows how wide the screen is.
"""

from __future__ import annotations

import re
from typing import Final

HEIGHTS: Final = (8, 10, 12, 15, 18, 22, 27, 33, 41, 51, 63, 79, 98, 122, 152, 190)  # rem
WIDE: Final = 78  # characters in a line on a desk
NARROW: Final = 34  # on a phone
LINE: Final = 1.55  # rem
PADDING: Final = 3.5  # rem
PICTURE_LINES: Final = 8
LONGEST: Final = 300_000
_BREAK: Final = re.compile(
    r"<(/?(?:p|div|li|tr|h[1-6]|blockquote|table|ul|ol|pre)|br|hr)\b[^<>]*>", re.IGNORECASE
)
_TAG: Final = re.compile(r"<[^<>]*>")
_PICTURE: Final = re.compile(r'<img\b[^<>]*? src="', re.IGNORECASE)
_GAPS: Final = {"p": 0.45, "tr": 0.2, "li": 0.0, "br": 0.0, "div": 0.0}
_ENTITY: Final = re.compile(r"&(?:#?\w{1,31});")


def classes(html: str) -> str:
    """Return the two classes of the frame of a text: on a desk, and on a phone."""
    text = html[:LONGEST]
    steps = []
    for width in (WIDE, NARROW):
        tall = lines(text, width) * LINE + PADDING
        fitting = [step for step, height in enumerate(HEIGHTS) if height >= tall]
        steps.append(fitting[0] if fitting else len(HEIGHTS) - 1)
    return f"wide-{steps[0]} narrow-{steps[1]}"


def lines(html: str, width: int) -> float:
    """Return about how many lines of `width` characters a text takes, with gaps and pictures."""
    pieces = _BREAK.split(html)
    total: float = _wrapped(pieces[0], width) + PICTURE_LINES * len(_PICTURE.findall(html))
    kept = False  # inside <pre>, where line ends count
    for tag, piece in zip(map(str.lower, pieces[1::2]), pieces[2::2], strict=True):
        kept = tag == "pre" or (kept and tag != "/pre")
        shown = piece.split("\n") if kept else [piece]
        rows = sum(max(_wrapped(row, width), int(kept)) for row in shown)
        total += rows + (_GAPS.get(tag, 0.4) if rows else int(tag == "br"))
    return total


def _wrapped(text: str, width: int) -> int:
    plain = _ENTITY.sub("x", _TAG.sub("", text))
    return -(-len(" ".join(plain.split())) // width)
