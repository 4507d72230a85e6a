"""PDF files: the text of pages, and whatever else in them speaks to people.

Parsed by pypdf, which is written in Python: a damaged file can cost time, which the process that
runs this is given little of, and not memory safety. Promises that a scanned page and letters that
nobody can tell apart are called unreadable. Must never render, run or fetch anything.
"""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pypdf.filters  # noqa: F401 - pypdf would load it when it is too late
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from policies.extraction.budgets import Locked, Unreadable
from policies.extraction.desk import Desk
from policies.extraction.readers.pdf_fonts import Fonts
from policies.extraction.readers.pdf_pages import PageReader, resolved
from policies.extraction.readers.pdf_sheet import Sheet
from policies.extraction.readers.xml import GENERAL, DamagedXml, say_xml

# It and its children would quote the file; a child does not ask whether its parent is disabled.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)

_MOST_OBJECTS = 20_000  # of one tree: annotations, fields, outline, files
_MANY_ALTERNATIVES = 10_000
_MOST_PAGES = 5_000
_DEEPEST = 40
_MANY_CURVES = 400  # on a page: a drawing of a dozen letters has as many
_FEW_LETTERS = 12  # on a page, below which it says nothing
_SOME_PAGES = 4  # from here on the first and the last page may be pictures: covers often are
_STRANGE = 0.3  # of the letters, above which nobody knows what they are
_SPEAKING = ("/Contents", "/T", "/TU", "/TM", "/V", "/DV", "/RC", "/Subj", "/URI", "/Title", "/Opt",
             "/Alt", "/ActualText", "/E", "/Desc")  # fmt: skip


def read_pdf(data: bytes, desk: Desk) -> None:
    """Keep what a PDF says, and read the files in it. Raises Unreadable, Locked."""
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Locked("a PDF with a password")
        _Document(reader, desk).read()
    except (PyPdfError, RecursionError):
        raise Unreadable("a PDF that is damaged") from None


class _Document:
    """One PDF that is being read."""

    def __init__(self, reader: PdfReader, desk: Desk) -> None:
        self._reader = reader
        self._desk = desk
        self._fonts = Fonts(desk.meter)
        self._seen: set[int] = set()
        self._spoken: dict[str, None] = {}  # notes, values of fields, titles
        self._strange = self._letters = 0

    def read(self) -> None:
        root = _dictionary(self._reader.trailer.get("/Root"))
        if root is None:
            raise Unreadable("a PDF that is damaged")
        self._read_about(root)
        try:
            for key in ("/AcroForm", "/Outlines", "/Names", "/AF", "/OpenAction"):
                self._read_tree(root.get(key))
            pictures = self._read_pages()
            # What a page says to who cannot see it: as much of it as a person would listen to.
            self._read_tree(root.get("/StructTreeRoot"), enough=_MANY_ALTERNATIVES)
        finally:
            self._desk.say("\n".join(self._spoken))
        if self._strange > _STRANGE * max(self._letters, 1):
            raise Unreadable("a PDF whose letters cannot be told apart")
        if pictures:
            raise Unreadable("a PDF with pages that are pictures")

    def _read_pages(self) -> list[int]:
        """Keep the text of every page; return the pages that are nothing but pictures."""
        texts: list[list[str]] = []
        pictures, count = [], 0
        try:
            for count, page in enumerate(self._reader.pages, 1):
                if count > _MOST_PAGES:
                    raise Unreadable(f"a PDF with more than {_MOST_PAGES} pages")
                self._desk.meter.tick()
                sheet = self._read_page(page)
                texts.append(sheet.texts())
                self._note(texts[-1][0])
                self._read_tree(page.get("/Annots"))
                self._read_tree(page.get("/AF"))
                if _is_picture(sheet, texts[-1]):
                    pictures.append(count)
        finally:
            for reading in range(max(map(len, texts), default=0)):
                self._desk.say("\n".join(one[reading] for one in texts if reading < len(one)))
        covers = {1, count} if count >= _SOME_PAGES else set()
        return [page for page in pictures if page not in covers]

    def _read_page(self, page: DictionaryObject) -> Sheet:
        """Read a page and how its notes and fields look on it."""
        reader = PageReader(self._fonts, self._desk.meter)
        reader.read_page(page, page.get("/Resources"))
        notes = resolved(page.get("/Annots"))
        for note in notes[:_MOST_OBJECTS] if isinstance(notes, ArrayObject) else ():
            looks = _dictionary(_part(note, "/AP"))
            normal = resolved(_part(looks, "/N"))
            states = normal.values() if type(normal) is DictionaryObject else [normal]
            for look in map(resolved, states):
                if isinstance(look, StreamObject):
                    reader.read_form(look, None)
        return reader.sheet

    def _note(self, text: str) -> None:
        self._letters += len(text)
        self._strange += sum(text.count(one) for one in ("\ufffd", "\0"))
        self._strange += sum("\ue000" <= one <= "\uf8ff" for one in text if one > "\ud000")

    def _read_about(self, root: DictionaryObject) -> None:
        """Keep properties: the document information, and XMP."""
        about = _dictionary(self._reader.trailer.get("/Info"))
        if about is not None:
            values = (value.get_object() for value in about.values())
            self._desk.say("\n".join(value for value in values if isinstance(value, str)))
        for stream in (resolved(root.get("/Metadata")),):
            if isinstance(stream, StreamObject):
                self._read_xml(stream)

    def _read_xml(self, stream: StreamObject) -> None:
        data = bytes(stream.get_data())
        self._desk.meter.unpack(len(data))
        try:
            say_xml(data, GENERAL, self._desk)
        except DamagedXml:
            self._desk.say(data.decode("utf-8", "replace"))

    def _read_tree(self, start: Any, enough: int = 0) -> None:
        """Walk a tree of objects, keeping what speaks; each object once, however it loops."""
        for node in self._nodes(start, enough):
            if isinstance(node, StreamObject):
                self._read_stream(node)
            for key in _SPEAKING:
                self._say_value(node.get(key))
            name = next((node[key] for key in ("/UF", "/F") if isinstance(node.get(key), str)), "")
            if "/EF" in node:
                self._read_file(node, str(name))

    def _nodes(self, start: Any, enough: int) -> Iterator[DictionaryObject]:
        todo: list[tuple[Any, int]] = [(start, 0)]
        count = 0
        while todo:
            item, depth = todo.pop()
            if isinstance(item, IndirectObject):
                if item.idnum in self._seen:
                    continue
                self._seen.add(item.idnum)
            node = resolved(item)
            count += 1
            if not count % 256:
                self._desk.meter.tick()
            if enough and count > enough:
                return
            if count > _MOST_OBJECTS or depth > _DEEPEST:
                raise Unreadable("a PDF with far too many notes, fields or files")
            if isinstance(node, ArrayObject):
                todo += [(one, depth + 1) for one in node]
            elif isinstance(node, DictionaryObject):
                yield node
                passed = {"/P", "/Parent", "/Pg", "/AP", "/Dest", "/D", "/ParentTree", "/EF", "/DR"}
                todo += [(node.raw_get(key), depth + 1) for key in node if key not in passed]

    def _say_value(self, value: Any) -> None:
        value = resolved(value)
        if isinstance(value, str):
            self._spoken[value] = None
        elif isinstance(value, ArrayObject):
            self._spoken.update((one, None) for one in map(resolved, value) if isinstance(one, str))

    def _read_stream(self, stream: StreamObject) -> None:
        data = bytes(stream.get_data())
        self._desk.meter.unpack(len(data))
        if data.lstrip()[:1] == b"<":
            self._read_xml(stream)
        elif len(data) < 1 << 20:
            self._desk.say(data.decode("latin-1"))

    def _read_file(self, node: DictionaryObject, name: str) -> None:
        """Read an embedded file (ISO 32000-1, 7.11.4)."""
        embedded = _dictionary(node.get("/EF"))
        for key in embedded or ():
            stream = resolved((embedded or {}).get(key))
            if isinstance(stream, StreamObject) and id(stream) not in self._seen:
                self._seen.add(id(stream))
                self._desk.inner(bytes(stream.get_data()), (name,))


def _is_picture(sheet: Sheet, texts: list[str]) -> bool:
    """Whether a page shows pictures, or shapes that may be letters, and says next to nothing."""
    letters = sum(len("".join(text.split())) for text in texts)
    return letters < _FEW_LETTERS and (sheet.pictures > 0 or sheet.curves > _MANY_CURVES)


def _dictionary(value: Any) -> DictionaryObject | None:
    value = resolved(value)
    return value if isinstance(value, DictionaryObject) else None


def _part(value: Any, key: str) -> Any:
    found = _dictionary(value)
    return None if found is None else found.get(key)
