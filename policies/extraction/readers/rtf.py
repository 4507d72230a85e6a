"""Rich Text Format (specification 1.9.1), as far as its words go.

Promises text in order, with what is marked as hidden once in it and once out of it, and the files
embedded in it. One pass, no recursion. Must never run over a limit on depth without saying so.
"""

import binascii
import re
from dataclasses import dataclass, replace

from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk

_TOKEN = re.compile(
    r"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]{1,40}+)(-?[0-9]{1,10})?+ ?|(.))|([{}])|([^\\{}]++)",
    re.DOTALL,
)
_DEEPEST = 2000
_BREAKS = frozenset({"par", "line", "sect", "page", "row", "nestrow", "column", "lbr"})
_CHARACTERS = {
    "tab": "\t", "cell": "\t", "nestcell": "\t", "emdash": "\u2014", "endash": "\u2013",
    "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
    "bullet": "\u2022", "emspace": " ", "enspace": " ", "qmspace": " ", "zwj": "", "zwnj": "",
}  # fmt: skip
_SYMBOLS = {"~": "\u00a0", "_": "\u2011", "-": "", "\n": "\n", "\r": "\n", "\t": "\t"}
_LIST_WORDS = """
    fonttbl colortbl stylesheet listtable listoverridetable rsidtbl latentstyles generator
    xmlnstbl wgrffmtfilter pnseclvl mmathPr
"""
_LISTS = frozenset(_LIST_WORDS.split())
_SHOWN = frozenset({"htmltag", "shppict"})
_HEX = frozenset({"pict", "objdata", "themedata", "colorschememapping", "datastore", "panose"})
_CODE_PAGES = {"mac": "mac-roman", "pc": "cp437", "pca": "cp850"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds inside a pair of braces. `into`: "text", "aside", "hex" or "nothing"."""

    into: str = "text"
    hidden: bool = False
    skip: int = 1  # characters that stand in for one \u character
    is_object: bool = False


class _Words:
    """The texts of a file as they come together."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.whole: list[str] = []
        self.aside: list[str] = []
        self.objects: list[str] = []

    def put(self, text: str, group: _Group) -> None:
        if group.into == "text":
            self.whole.append(text)
            if not group.hidden:
                self.shown.append(text)
        elif group.into == "aside":
            self.aside.append(text)
        elif group.is_object:
            self.objects.append(text)


def read_rtf(data: bytes, desk: Desk) -> None:
    """Keep what a file says and read what is embedded in it. Raises Unreadable."""
    words = _Parser(data.decode("latin-1"), desk).words()
    shown, whole = "".join(words.shown), "".join(words.whole)
    desk.say(shown)
    if whole != shown:
        desk.say(whole)
    desk.say("".join(words.aside))
    for written in words.objects:
        _read_object(written, desk)


def _read_object(written: str, desk: Desk) -> None:
    """Read an embedded object: hexadecimal, with a wrapper of OLE 1 around the file itself."""
    letters = re.sub(r"[^0-9a-fA-F]", "", written)
    data = binascii.unhexlify(letters[: len(letters) // 2 * 2])
    at = data.find(_OLE)
    desk.inner(data[at:] if at > 0 else data[_past_class_name(data) :])


def _past_class_name(data: bytes) -> int:
    """Skip the header of an OLE 1 object ([MS-OLEDS] 2.2.5): version, format, three names, size."""
    at = 8
    for _name in range(3):
        at += 4 + int.from_bytes(data[at : at + 4], "little")
    return at + 4 if at + 4 <= len(data) else 0


class _Parser:
    def __init__(self, text: str, desk: Desk) -> None:
        self._text = text
        self._desk = desk
        self._words = _Words()
        self._group = _Group()
        self._stack: list[_Group] = []
        self._page = "cp1252"
        self._bytes = bytearray()  # \'hh characters not decoded yet
        self._skip = 0
        self._starred = False

    def words(self) -> _Words:
        at, count = 0, 0
        while match := _TOKEN.match(self._text, at):
            at = match.end()
            count += 1
            if not count % 8192:
                self._desk.meter.tick()
            code, word, value, symbol, brace, plain = match.groups()
            if code is not None:
                self._code(code)
                continue
            self._flush()
            if plain is not None:
                self._plain(plain)
            elif word is not None:
                at += self._word(word, value)
            elif brace is not None:
                self._brace(brace)
            else:
                self._symbol(symbol)
        self._flush()
        if self._stack:
            raise Unreadable("a text in RTF that ends in the middle")
        return self._words

    def _plain(self, plain: str) -> None:
        text = plain.replace("\r", "").replace("\n", "")
        if self._skip:
            skipped = min(self._skip, len(text))
            self._skip -= skipped
            text = text[skipped:]
        self._words.put(text, self._group)
        self._starred = False

    def _code(self, code: str) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._bytes.append(int(code, 16))

    def _flush(self) -> None:
        if self._bytes:
            self._words.put(self._bytes.decode(self._page, "replace"), self._group)
            self._bytes.clear()

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._starred = True
        elif self._skip:
            self._skip -= 1
        else:
            self._words.put(_SYMBOLS.get(symbol, symbol), self._group)

    def _brace(self, brace: str) -> None:
        self._skip, self._starred = 0, False
        if brace == "{":
            if len(self._stack) >= _DEEPEST:
                raise Unreadable(f"a text in RTF nested more than {_DEEPEST} deep")
            self._stack.append(self._group)
        elif self._stack:
            self._group = self._stack.pop()

    def _word(self, word: str, value: str | None) -> int:
        """Act on a control word; return how many characters after it are not text."""
        number = int(value) if value else None
        starred, self._starred = self._starred, False
        if word == "u" and number is not None:
            self._words.put(_unicode(number), self._group)
            self._skip = self._group.skip
        elif word in _BREAKS:
            self._words.put("\n", self._group)
        elif word in _CHARACTERS:
            self._words.put(_CHARACTERS[word], self._group)
        elif word == "bin" and number:
            self._words.put(self._binary(number), self._group)
            return number
        else:
            self._state(word, number, starred=starred)
        return 0

    def _binary(self, _size: int) -> str:
        if self._group.is_object:
            raise Unreadable("a file embedded in RTF in a way that is not opened here")
        return ""

    def _state(self, word: str, number: int | None, *, starred: bool) -> None:
        if word == "v":
            self._group = replace(self._group, hidden=number != 0)
        elif word == "plain":
            self._group = replace(self._group, hidden=False)
        elif word == "uc" and number is not None:
            self._group = replace(self._group, skip=min(max(number, 0), 8))
        elif word == "ansicpg" and number:
            self._page = _code_page(f"cp{number}")
        elif word in _CODE_PAGES:
            self._page = _CODE_PAGES[word]
        elif word in _HEX:
            self._group = replace(self._group, into="hex", is_object=word == "objdata")
        elif word in _LISTS or (starred and self._group.into == "text" and word not in _SHOWN):
            self._group = replace(self._group, into="aside")


def _code_page(name: str) -> str:
    try:
        b"a".decode(name)
    except (LookupError, UnicodeDecodeError):
        return "cp1252"
    return name


def _unicode(number: int) -> str:
    return chr(number & 0xFFFF)
