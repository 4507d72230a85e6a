"""Drawing instructions of a PDF, followed for the text that they show (ISO 32000-1, 8 and 9).

Promises where each piece of text stands. One pass over a stream, without recursion of its own.
Must never draw: pictures and curves are counted, so that a page made of them is known.
"""

import re
from typing import Any, Protocol

from policies.extraction.readers.pdf_fonts import Font
from policies.extraction.readers.pdf_sheet import Piece, Sheet
from policies.extraction.readers.pdf_state import SAME, Matrix, State, matrix, times
from policies.extraction.readers.pdf_strings import from_hex, unescaped

_TOKEN = re.compile(
    rb"(?P<n>[+-]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++))|(?P<o>[A-Za-z'\"][A-Za-z0-9*'\"]*+)"
    rb"|(?P<s>\((?:[^()\\]++|\\.)*+\))|(?P<x><(?!<)[^>]*+>)|(?P<k>/[^\s()<>\[\]{}/%]*+)"
    rb"|(?P<b>[\[\]])|(?P<p>\()|(?P<c>%[^\r\n]*+)",
    re.DOTALL,
)
_PAREN = re.compile(rb"\\.|[()]", re.DOTALL)
_INLINE_END = re.compile(rb"\sEI(?=[\s/]|\Z)")
_ACTUAL = re.compile(rb"/ActualText\s*(\((?:[^()\\]++|\\.)*+\)|<[^>]*+>)")
_MOST_OPERANDS = 4000
_TICK = 2048  # instructions between two looks at the clock


class Surroundings(Protocol):
    """What a program finds around it."""

    sheet: Sheet

    def tick(self) -> None:
        """Raise Spent when the time is over."""

    def font(self, name: str, resources: Any) -> Font | None:
        """Return a font by its name."""

    def use(self, name: str, resources: Any, place: Matrix, depth: int) -> None:
        """Read the form, or count the picture, of this name."""


class Program:
    """One run through one stream of instructions."""

    def __init__(
        self, data: bytes, resources: Any, state: State, depth: int, reader: Surroundings
    ) -> None:
        self._data = data
        self._resources = resources
        self._state = state
        self._depth = depth
        self._reader = reader
        self._sheet = reader.sheet
        self._stack: list[State] = []
        self._operands: list[Any] = []
        self._text = self._line = SAME
        self._at = 0

    def run(self) -> None:
        """Follow the instructions to their end."""
        data, operands = self._data, self._operands
        count = 0
        while match := _TOKEN.search(data, self._at):
            self._at = match.end()
            kind = match.lastgroup
            if kind == "n":
                operands.append(float(match[0]))
            elif kind == "o":
                self._do(match[0])
                operands.clear()
                count += 1
                if not count % _TICK:
                    self._reader.tick()
            elif kind == "s":
                operands.append(unescaped(match[0][1:-1]))
            elif kind == "x":
                operands.append(from_hex(match[0]))
            elif kind == "k":
                operands.append(match[0].decode("latin-1"))
            elif kind == "p":
                operands.append(unescaped(self._nested()))
            if len(operands) > _MOST_OPERANDS:
                del operands[:-_MOST_OPERANDS]

    def _nested(self) -> bytes:
        """Read a string with brackets inside it, the first of which has been read."""
        start, depth = self._at, 1
        for match in _PAREN.finditer(self._data, start):
            depth += (match[0] == b"(") - (match[0] == b")")
            if not depth:
                self._at = match.end()
                return self._data[start : match.start()]
        self._at = len(self._data)
        return self._data[start:]

    def _do(self, operator: bytes) -> None:
        action = _ACTIONS.get(operator)
        if action is not None:
            try:
                action(self)
            except (IndexError, TypeError, ValueError, OverflowError):
                return  # an instruction without its operands does nothing (7.8.2)
        elif operator in _CURVES:
            self._sheet.curves += 1

    def _numbers(self, count: int) -> list[float]:
        found = self._operands[-count:]
        if len(found) < count or not all(isinstance(one, float) for one in found):
            raise ValueError
        return found

    def save(self) -> None:
        """`q`: keep the state for later."""
        if len(self._stack) < _MOST_OPERANDS:
            self._stack.append(self._state.copy())

    def restore(self) -> None:
        """`Q`: take the state that was kept last."""
        if self._stack:
            self._state = self._stack.pop()

    def move_paper(self) -> None:
        """`cm`: move what is drawn from here on."""
        self._state.place = times(matrix(self._numbers(6)), self._state.place)

    def begin(self) -> None:
        """`BT`: begin a text."""
        self._text = self._line = SAME

    def set_font(self) -> None:
        """`Tf`: choose font and size."""
        name, size = self._operands[-2:]
        self._state.font = self._reader.font(str(name), self._resources)
        self._state.size = float(size)

    def set_letters(self) -> None:
        """`Tc`: space after each letter."""
        (self._state.between_letters,) = self._numbers(1)

    def set_words(self) -> None:
        """`Tw`: space after each word."""
        (self._state.between_words,) = self._numbers(1)

    def set_stretch(self) -> None:
        """`Tz`: width of letters, in percent."""
        self._state.stretch = self._numbers(1)[0] / 100

    def set_leading(self) -> None:
        """`TL`: distance of lines."""
        (self._state.leading,) = self._numbers(1)

    def move(self) -> None:
        """`Td`: go to another place, seen from the start of the line."""
        x, y = self._numbers(2)
        self._text = self._line = times((1.0, 0.0, 0.0, 1.0, x, y), self._line)

    def move_and_lead(self) -> None:
        """`TD`: the same, and remember the distance of lines."""
        self._state.leading = -self._numbers(2)[1]
        self.move()

    def place(self) -> None:
        """`Tm`: go to a place, and turn."""
        self._text = self._line = matrix(self._numbers(6))

    def next_line(self) -> None:
        """`T*`: go to the next line."""
        down = (1.0, 0.0, 0.0, 1.0, 0.0, -self._state.leading)
        self._text = self._line = times(down, self._line)

    def show(self) -> None:
        """`Tj`, `TJ`: show text, with steps between pieces."""
        for one in self._operands:
            if isinstance(one, bytes):
                self._put(one)
            elif isinstance(one, float):
                self._advance(-one / 1000 * self._state.size * self._state.stretch)

    def show_on_next_line(self) -> None:
        """`'`: show text on the next line."""
        self.next_line()
        self._put(self._operands[-1])

    def show_spaced(self) -> None:
        """`"`: the same, with spaces between words and letters."""
        words, letters = self._operands[-3:-1]
        self._state.between_words, self._state.between_letters = float(words), float(letters)
        self.show_on_next_line()

    def use(self) -> None:
        """`Do`: use a form or a picture."""
        name, place = str(self._operands[-1]), self._state.place
        self._reader.use(name, self._resources, place, self._depth)

    def skip_picture(self) -> None:
        """`ID`: pass over a picture that stands among the instructions."""
        self._sheet.pictures += 1
        match = _INLINE_END.search(self._data, self._at)
        self._at = match.end() if match else len(self._data)

    def marked(self) -> None:
        """`BDC`, `DP`: keep the text that a stretch says it stands for."""
        start = self._data.rfind(b"<<", max(0, self._at - 4096), self._at)
        match = _ACTUAL.search(self._data, start, self._at) if start >= 0 else None
        if match:
            raw = match[1]
            text = from_hex(raw) if raw.startswith(b"<") else unescaped(raw[1:-1])
            wide = text.startswith(b"\xfe\xff")
            self._sheet.said.append(text.decode("utf-16" if wide else "latin-1", "replace"))

    def _put(self, raw: bytes) -> None:
        state = self._state
        text, width = (state.font or _NO_FONT).decode(raw)
        spaced = state.between_letters * len(text) + state.between_words * raw.count(b" ")
        full = (width * state.size + spaced) * state.stretch
        a, b, c, d, x, y = times(self._text, state.place)
        length = (a * a + b * b) ** 0.5 or 1.0
        ux, uy = a / length, b / length
        along, across = x * ux + y * uy, y * ux - x * uy
        size = abs(state.size) * ((c * c + d * d) ** 0.5)
        self._sheet.pieces.append(Piece(text, along, along + full * length, across, size))
        self._advance(full)

    def _advance(self, by: float) -> None:
        a, b, c, d, x, y = self._text
        self._text = (a, b, c, d, x + by * a, y + by * b)


_NO_FONT = Font(codec="latin-1")
_CURVES = frozenset({b"c", b"v", b"y"})
_ACTIONS = {
    b"q": Program.save, b"Q": Program.restore, b"cm": Program.move_paper,
    b"BT": Program.begin, b"Tf": Program.set_font, b"Tc": Program.set_letters,
    b"Tw": Program.set_words, b"Tz": Program.set_stretch, b"TL": Program.set_leading,
    b"Td": Program.move, b"TD": Program.move_and_lead, b"Tm": Program.place,
    b"T*": Program.next_line, b"Tj": Program.show, b"TJ": Program.show,
    b"'": Program.show_on_next_line, b'"': Program.show_spaced, b"Do": Program.use,
    b"ID": Program.skip_picture, b"BDC": Program.marked, b"DP": Program.marked,
}  # fmt: skip
