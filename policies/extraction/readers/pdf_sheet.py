"""A page of a PDF as pieces of text that stand somewhere on it.

Promises that letters which stand close together become words, and lines lines, however the pieces
were drawn. Must never lose a piece.
"""

from dataclasses import dataclass, field

_SPACE = 0.17  # of the size: a wider gap is a space
_LINE = 0.4  # of the size: a larger step up or down is another line
_BACK = 0.3  # of the size: a step back on the line is another order


@dataclass(slots=True)
class Piece:
    """Some letters, and where they stand along and across their line."""

    text: str
    along: float
    end: float
    across: float
    size: float


@dataclass(slots=True)
class Sheet:
    """What is on one page."""

    pieces: list[Piece] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # what the page says it says (ActualText)
    pictures: int = 0
    curves: int = 0

    def texts(self) -> list[str]:
        """List the text as drawn, and as it stands where that is another order."""
        drawn, turned = _put_together(self.pieces)
        found = [drawn]
        if turned:
            by_line = sorted(self.pieces, key=lambda one: (-round(one.across / 3), one.along))
            found.append(_put_together(by_line)[0])
        return [*found, "\n".join(self.said)]


def _put_together(pieces: list[Piece]) -> tuple[str, bool]:
    """Join pieces; tell whether some step goes back on its line."""
    out: list[str] = []
    turned = False
    last: Piece | None = None
    for one in pieces:
        if last is not None:
            size = max(one.size, last.size, 1e-6)
            if abs(one.across - last.across) > _LINE * size:
                out.append("\n")
            elif one.along - last.end > _SPACE * size:
                out.append(" ")
            elif one.along < last.along - _BACK * size:
                out.append("\n")
                turned = True
        out.append(one.text)
        last = one
    return "".join(out), turned
