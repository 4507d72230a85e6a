"""Where a PDF's drawing stands: its graphics state, and the matrices that move the paper.

As far as text goes (ISO 32000-1, 8.3, 8.4 and 9.3). Must never hold anything that is drawn.
"""

from dataclasses import dataclass

from policies.extraction.readers.pdf_fonts import Font

Matrix = tuple[float, float, float, float, float, float]
SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class State:
    """The graphics state, as far as text goes (ISO 32000-1, 8.4 and 9.3)."""

    place: Matrix = SAME
    font: Font | None = None
    size: float = 1.0
    between_letters: float = 0.0
    between_words: float = 0.0
    stretch: float = 1.0
    leading: float = 0.0

    def copy(self) -> "State":
        """Return a copy."""
        return State(
            self.place, self.font, self.size, self.between_letters, self.between_words,
            self.stretch, self.leading,
        )  # fmt: skip


def times(left: Matrix, right: Matrix) -> Matrix:
    """Apply one matrix after the other (8.3.4)."""
    a, b, c, d, e, f = left
    g, h, i, j, k, m = right
    return (
        a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j,
        e * g + f * i + k, e * h + f * j + m,
    )  # fmt: skip


def matrix(numbers: list[float]) -> Matrix:
    """Make a matrix of six numbers. Raises ValueError for another count."""
    a, b, c, d, e, f = numbers
    return (a, b, c, d, e, f)
