"""Reading one text part as it streams by: what it says already, and where something may be added.

Promises bounded memory whatever the size of the part. Must never hold on to what it has read beyond
the window it is looking at.
"""

import base64
import codecs
import html
import re
from dataclasses import dataclass, field

from policies.message.shape import Part

WINDOW = 1 << 16
TAIL = 96 * 1024  # bytes of a base64 part that are kept, in which an edit may be made
OPENPGP = "-----BEGIN PGP"
TELLING = 3

_TAG = re.compile(r"<[A-Za-z/!?][^<>]{0,4000}>")
_WORD = re.compile(r"[^\W_]+")
_NO_WORD = re.compile(r"[\W_]+")
_SOFT = rb"(?:=[ \t]{0,20}\r?\n)?"
_BODY_END = re.compile(rb"</body", re.IGNORECASE)
_BODY_END_QP = re.compile(
    _SOFT.join([rb"(?:<|=3C)", rb"(?:/|=2F)", rb"b", rb"o", rb"d", rb"y"]), re.IGNORECASE
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_BLANKS = b" \t\r\n"


def skeleton(text: str, *, is_html: bool = False) -> str:
    """Return the letters and digits of a text: what is left of it when it is quoted or wrapped."""
    shown = html.unescape(_TAG.sub("", text)) if is_html else text
    return _NO_WORD.sub("", shown).casefold()


def telling(text: str) -> list[str]:
    """Return the longest words of a text: where none of them stands, the text does not."""
    words = dict.fromkeys(_WORD.findall(text.casefold()))
    return sorted(words, key=len, reverse=True)[:TELLING]


@dataclass(slots=True)
class TextReader:
    """Takes the encoded bytes of one part, in order: `feed`, then `finish`."""

    part: Part
    charset: str
    wanted: tuple[str, ...]  # texts to look for
    found: set[str] = field(default_factory=set)
    has_openpgp: bool = False
    body_end: int | None = None  # where the last "</body" begins, in the message
    tail: bytes = b""
    tail_at: int = 0  # where the tail begins in the message
    before_tail: int = 0  # characters of base64 before it
    damaged: bool = False
    _at: int = 0
    _encoded: bytes = b""
    _text: str = ""
    _left: bytes = b""
    _decoder: codecs.IncrementalDecoder = field(init=False)

    def __post_init__(self) -> None:
        self._at = self.tail_at = self.part.start
        self._decoder = codecs.getincrementaldecoder(self.charset)("replace")

    @property
    def is_html(self) -> bool:
        """Whether the part is HTML."""
        return self.part.content_type == "text/html"

    def feed(self, data: bytes) -> None:
        """Look at the next encoded bytes."""
        self._keep_tail(data)
        self._look_for_end(data)
        self._at += len(data)
        self._look_for_words(self._decoded(data))

    def finish(self) -> None:
        """Look at what was held back."""
        self._look_for_words(self._decoded(b"", last=True), last=True)

    def _keep_tail(self, data: bytes) -> None:
        whole = self.tail + data
        cut = max(0, len(whole) - TAIL)
        if self.part.encoding == "base64":
            self.before_tail += len(_NOT_BASE64.sub(b"", whole[:cut]))
        self.tail, self.tail_at = whole[cut:], self.tail_at + cut

    def _look_for_end(self, data: bytes) -> None:
        if not self.is_html or self.part.encoding == "base64":
            return
        pattern = _BODY_END_QP if self.part.encoding == "quoted-printable" else _BODY_END
        window = self._encoded + data
        for match in pattern.finditer(window):
            self.body_end = self._at - len(self._encoded) + match.start()
        self._encoded = window[-200:]

    def _decoded(self, data: bytes, *, last: bool = False) -> str:
        if self.part.encoding == "base64":
            data = self._base64(data)
        elif self.part.encoding == "quoted-printable":
            data = self._quoted_printable(data, last=last)
        return self._decoder.decode(data, last)

    def _base64(self, data: bytes) -> bytes:
        odd = _NOT_BASE64.findall(data)
        self.damaged = self.damaged or any(run.strip(_BLANKS) for run in odd)
        whole = self._left + _NOT_BASE64.sub(b"", data)
        cut = len(whole) - len(whole) % 4
        self._left = whole[cut:]
        try:
            return base64.b64decode(whole[:cut])
        except ValueError:
            self.damaged = True
            return b""

    def _quoted_printable(self, data: bytes, *, last: bool) -> bytes:
        whole = self._left + data
        cut = len(whole) if last else max(0, whole.rfind(b"\n") + 1, len(whole) - 2000)
        self._left = whole[cut:]
        return codecs.decode(whole[:cut], "quopri")

    def _look_for_words(self, text: str, *, last: bool = False) -> None:
        self._text += text
        if len(self._text) < WINDOW and not last:
            return
        self.has_openpgp = self.has_openpgp or OPENPGP in self._text
        folded = self._text.casefold()
        likely = [text for text in self.wanted if any(word in folded for word in telling(text))]
        if likely:  # laying bare takes long, and most windows hold nothing of it
            bones = skeleton(self._text, is_html=self.is_html)
            self.found.update(text for text in likely if skeleton(text) in bones)
        overlap = 16 * max(map(len, self.wanted), default=0) + 4096
        self._text = self._text[-min(overlap, WINDOW // 2) :]
