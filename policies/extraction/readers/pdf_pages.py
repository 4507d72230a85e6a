"""Pages of a PDF: the text that their drawing instructions, and what those use, put on the paper.

Promises each form and font that a page uses, within the depth and the time there is. Must never
follow a form into itself without end.
"""

from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from policies.extraction.budgets import Meter
from policies.extraction.readers.pdf_fonts import Font, Fonts
from policies.extraction.readers.pdf_program import Program
from policies.extraction.readers.pdf_sheet import Sheet
from policies.extraction.readers.pdf_state import SAME, Matrix, State, matrix, times

_DEEPEST = 8


class PageReader:
    """Follows drawing instructions. Raises nothing but what the meter raises."""

    def __init__(self, fonts: Fonts, meter: Meter) -> None:
        self._fonts = fonts
        self._meter = meter
        self.sheet = Sheet()

    def read_page(self, page: DictionaryObject, resources: Any) -> None:
        """Read the contents of a page (7.8.2)."""
        contents = resolved(page.get("/Contents"))
        streams = contents if isinstance(contents, ArrayObject) else [contents]
        found = (resolved(one) for one in streams)
        data = b"\n".join(bytes(one.get_data()) for one in found if isinstance(one, StreamObject))
        self._run(data, resolved(resources), State(), 0)

    def read_form(self, stream: Any, resources: Any, depth: int = 1, place: Matrix = SAME) -> None:
        """Read a form: drawing instructions that a page uses (8.10)."""
        own = resolved(stream.get("/Resources"))
        own_matrix = resolved(stream.get("/Matrix"))
        if isinstance(own_matrix, ArrayObject) and len(own_matrix) == len(SAME):
            place = times(matrix([float(resolved(one)) for one in own_matrix]), place)
        used = own if isinstance(own, DictionaryObject) else resources
        self._run(bytes(stream.get_data()), used, State(place), depth)

    def _run(self, data: bytes, resources: Any, state: State, depth: int) -> None:
        self._meter.unpack(len(data))
        Program(data, resources, state, depth, self).run()

    def tick(self) -> None:
        """Raise Spent when the time is over."""
        self._meter.tick()

    def font(self, name: str, resources: Any) -> Font | None:
        """Return a font by its name on the page."""
        fonts = resolved(resources.get("/Font")) if resources is not None else None
        if not isinstance(fonts, DictionaryObject) or name not in fonts:
            return None
        return self._fonts.get(fonts.raw_get(name))

    def use(self, name: str, resources: Any, place: Matrix, depth: int) -> None:
        """Do what a page's `Do` asks for: count a picture, read a form."""
        self._meter.tick()
        objects = resolved(resources.get("/XObject")) if resources is not None else None
        one = resolved(objects.get(name)) if isinstance(objects, DictionaryObject) else None
        if not isinstance(one, DictionaryObject):
            return
        if one.get("/Subtype") == "/Image":
            self.sheet.pictures += 1
        elif isinstance(one, StreamObject) and depth < _DEEPEST:
            self.read_form(one, resources, depth + 1, place)


def resolved(value: Any) -> Any:
    """Follow a reference to the object itself."""
    return value.get_object() if isinstance(value, IndirectObject) else value
