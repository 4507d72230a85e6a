"""The desk on which one mail is taken apart: what was found, and how to go one level deeper.

For readers of one kind of file each, which are given the bytes and this desk. Promises that a file
which makes a reader fail, in whatever way, becomes an attachment that could not be read, with a
sentence that says why. Must never let a failure end in fewer problems than there were.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from policies.extraction import kinds
from policies.extraction.budgets import Budgets, Locked, Meter, NeedsWorker, Spent, Unreadable
from policies.extraction.passages import Attachment, Content, Passage, State, Where

Reader = Callable[[bytes, "Desk"], None]

_MOST_NAMES, _LONGEST_NAME, _LONGEST_TYPE = 16, 1000, 256
_MOST_PROBLEMS = 20
_IN_PROCESS = frozenset({"text", "html"})  # what is read without a worker


@dataclass(frozen=True, slots=True)
class File:
    """What is known of the file that is being read, beside its bytes."""

    names: tuple[str, ...] = ()
    declared: str = ""
    charset: str = ""


class Desk:
    """One extraction. `part`, `where` and `file` say what is being read now."""

    def __init__(self, budgets: Budgets, reader_of: Callable[[str], Reader | None]) -> None:
        self.meter = Meter(budgets)
        self.part = 0
        self.where = Where.BODY
        self.file = File()
        self.depth = 0
        self._reader_of = reader_of
        self._passages: dict[Passage, None] = {}
        self._attachments: list[Attachment] = []
        self._problems: dict[str, None] = {}

    def say(self, text: str, where: Where | None = None) -> None:
        """Keep a text that somebody may see; blank ones and repetitions are not kept."""
        if not text or text.isspace():
            return
        passage = Passage(where or self.where, _whole_characters(text), self.part)
        if passage not in self._passages:
            self.meter.write(len(text))
            self._passages[passage] = None

    def name(self, name: str) -> None:
        """Keep a name of a file."""
        self.say(name[:_LONGEST_NAME], Where.ATTACHMENT_NAME)

    def doubt(self, problem: str) -> None:
        """Keep a reason why something was not read, in plain English."""
        self._problems.setdefault(problem)

    def worker_only(self) -> None:
        """Raise NeedsWorker unless this is a process that may be killed."""
        if not self.meter.budgets.documents:
            raise NeedsWorker

    def record(
        self, file: File, kind: str, size: int, state: State = State.READ, why: str = ""
    ) -> None:
        """Keep that there is an attachment, and why it was not read if it was not."""
        names = (_whole_characters(name[:_LONGEST_NAME]) for name in file.names[:_MOST_NAMES])
        declared = _whole_characters(file.declared[:_LONGEST_TYPE])
        self._attachments.append(
            Attachment(self.part, tuple(dict.fromkeys(names)), declared, kind, size, state)
        )
        if why:
            self.doubt(why)

    def refuse(self, names: Iterable[str], size: int, why: Unreadable) -> None:
        """Keep a file inside another one that could not even be unpacked."""
        file = File(tuple(name for name in names if name))
        for name in file.names:
            self.name(name)
        self.meter.enter()
        state = State.ENCRYPTED if isinstance(why, Locked) else State.UNSCANNABLE
        self.record(file, "unknown", size, state, str(why))

    def inner(
        self, data: bytes, names: Iterable[str] = (), declared: str = "", charset: str = ""
    ) -> None:
        """Read a file, however deep inside others; its names and its texts are kept."""
        file = File(tuple(name for name in names if name), declared, charset)
        for name in file.names:
            self.name(name)
        self.meter.enter()
        self.meter.unpack(len(data))
        if self.depth >= self.meter.budgets.depth:
            why = f"files inside files, more than {self.meter.budgets.depth} deep"
            self.record(file, "unknown", len(data), State.UNSCANNABLE, why)
            return
        found = kinds.kinds_of(data, file.names, declared)
        if not set(found) <= _IN_PROCESS:
            self.worker_only()
        before = self.file, self.where, self.depth
        self.file, self.where, self.depth = file, Where.ATTACHMENT, self.depth + 1
        try:
            state, why = self._read_as(found, data)
        finally:
            self.file, self.where, self.depth = before
        self.record(file, self._shown(found, data, file), len(data), state, why)

    def _read_as(self, found: tuple[str, ...], data: bytes) -> tuple[State, str]:
        """Read a file as everything it may be; the worst that happened is its state."""
        state, why = State.READ, ""
        for kind in found:
            try:
                self._read(kind, data)
            except Locked as locked:
                if state is State.READ:
                    state, why = State.ENCRYPTED, str(locked)
            except Unreadable as unreadable:
                state, why = State.UNSCANNABLE, str(unreadable)
        return state, why

    def _read(self, kind: str, data: bytes) -> None:
        """Read a file as one kind. Raises Unreadable whatever goes wrong inside its reader."""
        if kind in kinds.CLOSED:
            raise Unreadable(f"an attachment of the kind {kind}, which is not opened here")
        if kind in kinds.ENCRYPTED:
            raise Locked(f"an attachment encrypted with {kind.upper()}")
        reader = self._reader_of(kind)
        if reader is None:
            raise Unreadable("an attachment of a kind that is not known here")
        try:
            reader(data, self)
        except (Unreadable, Spent, NeedsWorker):
            raise
        except MemoryError:
            raise Unreadable(f"an attachment ({kind}) that takes too much memory to read") from None
        except Exception:  # noqa: BLE001 - whatever a reader did not expect is a file not read
            raise Unreadable(f"an attachment ({kind}) that is damaged") from None

    def _shown(self, found: tuple[str, ...], data: bytes, file: File) -> str:
        """Name the kind more closely where the container alone would say too little."""
        kind = found[0]
        if kind in {"zip", "ole"}:
            return _package_kind(data, kind)
        if kind == "calendar" and b"BEGIN:VCARD" in data[:64].upper():
            return "contact"
        ends = file.names[0].lower().rpartition(".")[2] if file.names else ""
        return ends if kind == "text" and ends in {"csv", "tsv", "json"} else kind

    def content(self) -> Content:
        """Give everything that was found."""
        problems = tuple(self._problems)[:_MOST_PROBLEMS]
        return Content(tuple(self._passages), tuple(self._attachments), problems)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _whole_characters(text: str) -> str:
    """Put characters together that some encoding cut into two; a lone half becomes U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_SIGNS = (
    ("zip", b"word/", "docx"),
    ("zip", b"xl/", "xlsx"),
    ("zip", b"ppt/", "pptx"),
    ("zip", b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    ("zip", b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("zip", b"mimetypeapplication/vnd.oasis.opendocument.presentation", "odp"),
    ("ole", "__properties_version1.0".encode("utf-16-le"), "msg"),
    ("ole", "WordDocument".encode("utf-16-le"), "doc"),
    ("ole", "Workbook".encode("utf-16-le"), "xls"),
    ("ole", "PowerPoint Document".encode("utf-16-le"), "ppt"),
)


def _package_kind(data: bytes, container: str) -> str:
    for within, sign, kind in _SIGNS:
        if within == container and sign in data:
            return kind
    return container
