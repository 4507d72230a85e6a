"""HTML as a browser shows it, and everything else it says: hidden parts, attributes, comments.

For bodies, attached pages and whatever pretends to be one. Promises that letters which a browser
shows side by side stand side by side, whatever elements lie between them. Linear in the length of
the text, without recursion. Must never fetch anything, nor build a tree.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from urllib.parse import quote, unquote

from policies.extraction import stylesheet
from policies.extraction.elements import BLOCK, CELL, RAW, SHOWN, VOID
from policies.extraction.layout import CELL_BEGINS, CELL_ENDS, laid_out

_TOKEN = re.compile(
    r"<(?:(!--)(.*?)(?:--!?>|\Z)"
    r"|(/?)([a-zA-Z][^\s/>]*+)((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>?"
    r"|!\[CDATA\[(.*?)(?:\]\]>|\Z)"
    r"|[!?/][^>]*+>?)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"([^\s\"'>/=]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))|([^\s\"'>/=]++)"
)

_LINKS = frozenset(
    {"href", "src", "srcset", "action", "background", "data", "formaction", "poster"}
)
_LISTS = frozenset({"ol", "li"})
_NUMBER = re.compile(r"(?:start|value)\s*=\s*[\"']?(-?[0-9]{1,12})", re.IGNORECASE)
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")  # in a script
_TELLS = (*SHOWN, *_LINKS, "style", "hidden", "charset", "content", "srcdoc")
_META_SHOWN = frozenset({"description", "keywords", "author", "subject", "title", "comments"})
_ATTRIBUTES_AT_MOST = 200
_MOST_TURNS = 4  # changes of direction inside one another: each turns the text round once more


@dataclass(slots=True)
class Page:
    """What a page says: as shown, with hidden parts and alternative texts too, and around it."""

    shown: str = ""
    whole: str = ""
    around: str = ""
    charset: str = ""
    data_urls: list[str] = field(default_factory=list)

    def texts(self) -> list[str]:
        """List the distinct texts."""
        return list(dict.fromkeys(text for text in (self.shown, self.whole, self.around) if text))


def read_page(text: str, tick: Callable[[], None] = lambda: None) -> Page:
    """Take a page apart. `tick` is called now and then and may raise to stop it."""
    for white in ("\r\n", "\n", "\r", "\t", "\f", CELL_BEGINS, CELL_ENDS):
        text = text.replace(white, " ")  # lines are what elements make, not line ends
    return _Parser(text, tick).page()


class _Parser:
    """One pass over a page. `_shown` and `_whole` hold pieces of text, entities not yet undone."""

    def __init__(self, text: str, tick: Callable[[], None]) -> None:
        self._text = text
        self._tick = tick
        self._shown: list[str] = []
        self._whole: list[str] = []
        self._around: list[str] = []
        self._data: list[str] = []
        self._charset = ""
        self._in_cell = False
        self._hiding = ""  # the element that hides what is inside it
        self._hidden = 0  # how many of that name are open
        self._hidden_classes = stylesheet.hidden_classes(text)
        self._put_in = stylesheet.shown_attributes(text)
        self._telling = _telling(bool(self._hidden_classes), self._put_in)
        self._number: int | None = None  # of the next item of a list that says where it begins
        self._turned: list[tuple[int, int]] = []  # where right-to-left text began

    def page(self) -> Page:
        at, count = 0, 0
        while match := _TOKEN.search(self._text, at):
            self._words(self._text[at : match.start()])
            at = match.end()
            count += 1
            if not count % 4096:
                self._tick()
            if match[1]:
                self._comment(match[2])
            elif match[6]:
                self._words(match[6])  # shown inside drawings and formulas
            elif name := match[4]:
                at = self._tag(name.lower(), match[5], at, closes=bool(match[3]))
        self._words(self._text[at:])
        self._turn_back(everything=True)
        shown, whole = laid_out(self._shown), laid_out(self._whole)
        around = unescape("\n".join(dict.fromkeys(self._around)))
        return Page(shown, whole if whole != shown else "", around, self._charset, self._data)

    def _words(self, words: str) -> None:
        if not words:
            return
        self._whole.append(words)
        if not self._hidden:
            self._shown.append(words)

    def _comment(self, inside: str) -> None:
        if inside.startswith("[if") and "<" in inside:
            # Written for Outlook, which shows it: text among markup rather than a remark.
            inside = _TOKEN.sub(" ", inside)
        self._around.append(inside)

    def _tag(self, name: str, attributes: str, at: int, *, closes: bool) -> int:
        """Deal with a tag that ends at `at`; return where to read on."""
        if name in BLOCK:
            if name == "tr" and self._in_cell:
                self._cell(closes=True)
            self._words("\n")
        elif name in CELL:
            self._cell(closes=closes)
        if closes:
            self._close(name)
            return at
        hides = False
        if attributes and self._telling.search(attributes):
            hides = self._attributes(name, attributes)
        if name in _LISTS and (attributes or self._number is not None):
            self._count(name, attributes)
        if name == "bdo" and len(self._turned) < _MOST_TURNS and "rtl" in attributes.lower():
            self._turned.append((len(self._shown), len(self._whole)))
        if self._hidden:
            self._hidden += name == self._hiding
        elif hides and name not in VOID and not attributes.endswith("/"):
            self._hiding, self._hidden = name, 1
        return self._raw(name, at) if name in RAW else at

    def _cell(self, *, closes: bool) -> None:
        """Begin or end a cell of a table; one that nothing ends does so where the next begins."""
        if closes or self._in_cell:
            self._words(CELL_ENDS)
        if not closes:
            self._words(CELL_BEGINS)
        self._in_cell = not closes

    def _close(self, name: str) -> None:
        if self._hidden and name == self._hiding:
            self._hidden -= 1
        if name == "bdo":
            self._turn_back()

    def _turn_back(self, *, everything: bool = False) -> None:
        while self._turned:
            shown, whole = self._turned.pop()
            for pieces, start in ((self._shown, shown), (self._whole, whole)):
                pieces[start:] = [unescape("".join(pieces[start:]))[::-1]]
            if not everything:
                return

    def _attributes(self, name: str, attributes: str) -> bool:
        """Keep what the attributes of a tag say; tell whether they hide what it holds."""
        hides = False
        for count, match in enumerate(_ATTRIBUTE.finditer(attributes)):
            if count >= _ATTRIBUTES_AT_MOST:
                self._around.append(attributes)
                break
            key = (match[1] or match[5]).lower()
            value = match[2] or match[3] or match[4] or ""
            if key == "style":
                self._style(value)
                hides = hides or stylesheet.hides(value)
            elif key == "class" and self._hidden_classes:
                hides = hides or not self._hidden_classes.isdisjoint(value.split())
            elif key == "hidden":
                hides = True
            elif value:
                self._attribute(name, key, value, attributes)
        return hides

    def _count(self, name: str, attributes: str) -> None:
        """Write the numbers of a list that does not begin at one, as a browser does."""
        said = _NUMBER.search(attributes)
        if name == "ol" or said:
            self._number = int(said[1]) if said else None
        if name == "li" and self._number is not None:
            self._words(f"{self._number}. ")
            self._number += 1

    def _attribute(self, name: str, key: str, value: str, attributes: str) -> None:
        if key in self._put_in:
            self._words(value)
        if key in _LINKS:
            self._link(unescape(value))
        elif key == "srcdoc":
            self._data.append("data:text/html," + quote(unescape(value)))
        elif name == "meta":
            if key == "charset" or "charset=" in value:
                self._charset = self._charset or value.rpartition("=")[2].strip("\"' ")
            elif key == "content" and any(word in attributes.lower() for word in _META_SHOWN):
                self._around.append(value)
        elif key in SHOWN:
            if key == "alt":
                # Words stand for the picture; a letter or a number may be part of what is around.
                self._whole.append(f"\n{value}\n" if " " in value.strip() else value)
            self._around.append(value)

    def _link(self, link: str) -> None:
        if link[:5].lower() == "data:":
            self._data.append(link)
        elif not link.startswith(("#", "cid:")):
            self._around.append(unquote(link))

    def _style(self, css: str) -> None:
        if '"' in css or "'" in css or "/*" in css or "&" in css or "url(" in css:
            self._sheet(unescape(css))

    def _sheet(self, css: str) -> None:
        self._around += stylesheet.said(css)
        self._data += stylesheet.data_urls(css)

    def _raw(self, name: str, at: int) -> int:
        """Skip to the end of a script or style, keeping what is in quotes there."""
        end = _end_of(name, self._text, at)
        inside = self._text[at:end]
        if name == "style":
            self._sheet(inside)
        else:
            self._around.append(_ESCAPED.sub(lambda one: chr(int(one[1], 16)), inside))
        return end


@lru_cache(maxsize=16)
def _telling(classes: bool, put_in: frozenset[str]) -> "re.Pattern[str]":
    """Give what the attributes of a tag must hold to be worth reading."""
    words = (*_TELLS, *(["class"] if classes else ()), *map(re.escape, sorted(put_in)))
    return re.compile("|".join(words), re.IGNORECASE)


def _end_of(name: str, text: str, at: int) -> int:
    match = _RAW_ENDS[name].search(text, at)
    return match.start() if match else len(text)


_RAW_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in RAW}
