"""Formulas that put texts together: ="943"&A1, CONCAT(A1:C1), as a spreadsheet will show them.

A workbook may leave out what a formula gives, and the program that opens it works it out. Promises
the texts, numbers and cells that such a formula names, one after the other; nothing of formulas
that calculate. Cells of the same sheet only. Must never follow a formula for ever, nor grow without
end.
"""

import re
from collections.abc import Iterator

_JOINS = re.compile(r"&|CONCAT|TEXTJOIN", re.IGNORECASE)
_PIECE = re.compile(
    r'"((?:[^"]|"")*)"|\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?(?![A-Z(])'
    r"|(?<![A-Z0-9.])([0-9]+(?:\.[0-9]+)?)(?![A-Z0-9.])",
    re.IGNORECASE,
)
_MOST_CELLS = 200_000  # remembered of one sheet
_MOST_FORMULAS = 20_000
_MOST_OF_A_RANGE = 64
_LONGEST = 512  # characters of what is put together; of a formula that is looked at, eight times


class Formulas:
    """The cells of one sheet and the formulas that join them; `at` is the cell being read."""

    def __init__(self) -> None:
        self.at = ""
        self._cells: dict[str, str] = {}
        self._formulas: list[tuple[str, str]] = []

    def cell(self, text: str) -> None:
        """Remember what the cell being read holds."""
        if self.at and len(self._cells) < _MOST_CELLS:
            self._cells[self.at] = text[:_LONGEST]

    def keep(self, formula: str) -> None:
        """Remember the formula of the cell being read, if it joins texts."""
        if len(self._formulas) < _MOST_FORMULAS and _JOINS.search(formula):
            self._formulas.append((self.at, formula[: 8 * _LONGEST]))

    def joined(self) -> Iterator[str]:
        """Yield what the formulas give, in order; one may use what one before it gave."""
        for at, formula in self._formulas:
            text = self._text(formula)
            self._cells[at] = text
            if text:
                yield text

    def _text(self, formula: str) -> str:
        text = ""
        for match in _PIECE.finditer(formula):
            text += "".join(self._pieces(match))
            if len(text) >= _LONGEST:
                break
        return text[:_LONGEST]

    def _pieces(self, match: "re.Match[str]") -> Iterator[str]:
        literal, column, row, last_column, last_row, number = match.groups()
        if literal is not None:
            yield literal.replace('""', '"')
        elif number:
            yield number
        elif last_column:
            yield from self._range(_place(column), int(row), _place(last_column), int(last_row))
        else:
            yield self._cells.get(column.upper() + row, "")

    def _range(self, left: int, top: int, right: int, bottom: int) -> Iterator[str]:
        left, right, top, bottom = (
            min(left, right),
            max(left, right),
            min(top, bottom),
            max(top, bottom),
        )
        places = (
            (row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)
        )
        for _count, (row, column) in zip(range(_MOST_OF_A_RANGE), places, strict=False):
            yield self._cells.get(f"{_letters(column)}{row}", "")


def _place(column: str) -> int:
    place = 0
    for letter in column.upper():
        place = place * 26 + ord(letter) - 64
    return place


def _letters(place: int) -> str:
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
