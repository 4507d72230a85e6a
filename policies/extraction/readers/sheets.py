"""Worksheets of Excel (ECMA-376, 18.3): rows as a person reads them, hidden ones too.

Promises that a cell's text stands beside its neighbours', shared strings put in, numbers written
out and days written as days. Must never leave out a row because the sheet hides it.
"""

import re
from datetime import date, timedelta

from policies.extraction.budgets import Spent
from policies.extraction.readers.formulas import Formulas
from policies.extraction.readers.xml import Listener, Rules, local

_SHEET = re.compile(r"xl/(?:work|macro|dialog)sheets/[^/]*\.xml")
_STRINGS = "xl/sharedstrings.xml"
_STYLES = "xl/styles.xml"
# Number formats that show a day (18.8.30); others are days if their code has d, m or y in it.
_DAY_FORMATS = frozenset({14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58})
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|[Gg]eneral')
_LAST_DAY = 109_575  # the end of 2199, counted from 1900
_LONGEST_NUMBER = 40
_FIGURES = 15  # of a number that is not whole, as a cell shows it
_MOST_STRINGS = 1_000_000
_SEEN = frozenset({"prompt", "promptTitle", "error", "errorTitle", "tooltip", "display"})


class Sheets:
    """One workbook: its shared strings and the styles that are days."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self.days: list[bool] = []

    def comes_first(self, name: str) -> bool:
        """Whether a part must be read before the sheets are."""
        return name.lower() in {_STRINGS, _STYLES}

    def listener(self, name: str) -> Listener | None:
        """Return what reads this part, or None if it is none of a worksheet's."""
        if name == _STRINGS:
            return _Strings(self)
        if name == _STYLES:
            return _Styles(self)
        return _Rows(self) if _SHEET.fullmatch(name) else None


class _Strings(Listener):
    """The shared strings: each `si` is one, whatever runs it is made of."""

    def __init__(self, sheets: Sheets) -> None:
        super().__init__(Rules(breaks=frozenset()))
        self._sheets = sheets
        self._said: list[str] = []

    def end(self, name: str) -> None:
        if local(name) == "si":
            if len(self._sheets.strings) >= _MOST_STRINGS:
                raise Spent("a workbook with too many texts")
            self._sheets.strings.append("".join(self.text))
            self.text.clear()

    def texts(self) -> list[str]:
        return ["\n".join(self._sheets.strings), *super().texts()]


class _Styles(Listener):
    """Which of the cell formats show a day."""

    def __init__(self, sheets: Sheets) -> None:
        super().__init__(Rules(breaks=frozenset()))
        self._sheets = sheets
        self._codes: dict[int, bool] = {}
        self._in_cells = False

    def start(self, name: str, attributes: list[str]) -> None:
        element, said = local(name), dict(zip(attributes[::2], attributes[1::2], strict=True))
        if element == "numFmt":
            code = _LITERAL.sub("", said.get("formatCode", ""))
            self._codes[_number(said.get("numFmtId"))] = any(letter in "dmyDMY" for letter in code)
        elif element == "cellXfs":
            self._in_cells = True
        elif element == "xf" and self._in_cells:
            number = _number(said.get("numFmtId"))
            self._sheets.days.append(self._codes.get(number, number in _DAY_FORMATS))

    def end(self, name: str) -> None:
        if local(name) == "cellXfs":
            self._in_cells = False


class _Rows(Listener):
    """The cells of one sheet, a line for each row."""

    def __init__(self, sheets: Sheets) -> None:
        super().__init__(Rules(breaks=frozenset(), attributes={"*": _SEEN}))
        self._sheets = sheets
        self._rows: list[str] = []
        self._type, self._style = "", 0
        self._formulas = Formulas()

    def start(self, name: str, attributes: list[str]) -> None:
        if name == "c" or local(name) == "c":
            self._type, self._style = "", 0
            for at in range(0, len(attributes), 2):
                if attributes[at] == "r":
                    self._formulas.at = attributes[at + 1]
                elif attributes[at] == "t":
                    self._type = attributes[at + 1]
                elif attributes[at] == "s":
                    self._style = _number(attributes[at + 1])
        else:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        element = local(name)
        if element == "v":
            self._say(self._value("".join(self.text)))
        elif element in {"c", "row"}:
            self._say("".join(self.text))
            self._rows.append("\t" if element == "c" else "\n")
        elif element == "f":
            self._formulas.keep("".join(self.text))
            self._rows += [*self.text, " "]
            self.text.clear()

    def _say(self, text: str) -> None:
        if text:
            self._rows.append(text)
            self._formulas.cell(text)
        self.text.clear()

    def _value(self, written: str) -> str:
        if self._type == "s":
            at = _number(written)
            return self._sheets.strings[at] if 0 <= at < len(self._sheets.strings) else written
        if self._type in {"", "n"}:
            day = 0 <= self._style < len(self._sheets.days) and self._sheets.days[self._style]
            return shown(written, day=day)
        return written

    def texts(self) -> list[str]:
        rows = "".join([*self._rows, *self.text])
        return [rows, "\n".join(dict.fromkeys(self.aside)), "\n".join(self._formulas.joined())]


def _number(text: str | None) -> int:
    return int(text) if text and len(text) < _LONGEST_NUMBER and text.strip().isdecimal() else -1


def shown(written: str, *, day: bool) -> str:
    """Write a number as its cell shows it: whole numbers in full, days as days."""
    if len(written) > _LONGEST_NUMBER:
        return written
    try:
        value = float(written)
    except ValueError:
        return written
    if day and 0 < value < _LAST_DAY:
        return f"{date(1899, 12, 30) + timedelta(int(value)):%d/%m/%Y}"
    if abs(value) >= 1e15:  # noqa: PLR2004 - beyond it a float is no longer exact
        return written
    if value.is_integer():
        return str(int(value))
    # No program shows more figures than these: what follows is how a sum of pence is kept.
    return f"{value:.15g}" if sum(map(str.isdigit, written)) > _FIGURES else written
