"""HTML as a browser shows it, and everything else it says: hidden parts, attributes, comments.

For bodies, attached pages and whatever pretends to be one. Promises that letters which a browser
shows side by side stand side by side, whatever elements lie between them. Linear in the length of
the text, without recursion. Must never fetch anything, nor build a tree.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import quote, unquote

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
_QUOTED = re.compile(r"\"([^\"]++)\"|'([^']++)'|/\*([^*]++)\*")
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\n]?")
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|mso-hide\s*:\s*all"
    r"|opacity\s*:\s*0(?![.\d])|max-height\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_HIDING_RULE = re.compile(r"\.([\w-]{1,100})\s*\{([^{}]{0,2000})\}")

_BLOCK_NAMES = """
    address article aside blockquote body br caption center dd details dialog dir div dl dt
    fieldset figcaption figure footer form frame h1 h2 h3 h4 h5 h6 head header hr html legend
    li listing main menu nav ol option p plaintext pre search section select summary table
    tbody textarea tfoot thead title tr ul xmp
"""
_BLOCK = frozenset(_BLOCK_NAMES.split())
_CELL = frozenset({"td", "th"})
_RAW = frozenset({"script", "style"})
_VOID_NAMES = """
    area base br col embed hr img input link meta param source track wbr
"""
_VOID = frozenset(
    _VOID_NAMES.split(),
)
_SHOWN_NAMES = """
    alt title placeholder value label summary aria-label aria-description cite content
    data-content standby prompt abbr download
"""
_SHOWN = frozenset(_SHOWN_NAMES.split())
_LINKS = frozenset({"href", "src", "action", "background", "data", "formaction", "poster"})
_TELLS = (*_SHOWN, *_LINKS, "style", "hidden", "charset", "content", "srcdoc")
_TELLING = re.compile("|".join(_TELLS), re.IGNORECASE)
_TELLING_OR_CLASS = re.compile("|".join((*_TELLS, "class")), re.IGNORECASE)
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
        self._hidden_classes = _hidden_classes(text)
        self._telling = _TELLING_OR_CLASS if self._hidden_classes else _TELLING
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
        if name in _BLOCK:
            if name == "tr" and self._in_cell:
                self._cell(closes=True)
            self._words("\n")
        elif name in _CELL:
            self._cell(closes=closes)
        if closes:
            self._close(name)
            return at
        hides = False
        if attributes and self._telling.search(attributes):
            hides = self._attributes(name, attributes)
        if name == "bdo" and len(self._turned) < _MOST_TURNS and "rtl" in attributes.lower():
            self._turned.append((len(self._shown), len(self._whole)))
        if self._hidden:
            self._hidden += name == self._hiding
        elif hides and name not in _VOID and not attributes.endswith("/"):
            self._hiding, self._hidden = name, 1
        return self._raw(name, at) if name in _RAW else at

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
                hides = hides or bool(_HIDES.search(value))
            elif key == "class" and self._hidden_classes:
                hides = hides or not self._hidden_classes.isdisjoint(value.split())
            elif key == "hidden":
                hides = True
            elif value:
                self._attribute(name, key, value, attributes)
        return hides

    def _attribute(self, name: str, key: str, value: str, attributes: str) -> None:
        if key in _LINKS:
            self._link(unescape(value))
        elif key == "srcdoc":
            self._data.append("data:text/html," + quote(unescape(value)))
        elif name == "meta":
            if key == "charset" or "charset=" in value:
                self._charset = self._charset or value.rpartition("=")[2].strip("\"' ")
            elif key == "content" and any(word in attributes.lower() for word in _META_SHOWN):
                self._around.append(value)
        elif key in _SHOWN:
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
        if '"' in css or "'" in css or "/*" in css or "&" in css:
            self._around += _quoted(unescape(css))

    def _raw(self, name: str, at: int) -> int:
        """Skip to the end of a script or style, keeping what is in quotes there."""
        end = _end_of(name, self._text, at)
        inside = self._text[at:end]
        self._around += _quoted(inside) if name == "style" else [inside]
        return end


def _end_of(name: str, text: str, at: int) -> int:
    match = _RAW_ENDS[name].search(text, at)
    return match.start() if match else len(text)


_RAW_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}


def _quoted(css: str) -> list[str]:
    found = ["".join(groups) for groups in _QUOTED.findall(css)]
    return [_CSS_ESCAPE.sub(_css_character, one) if "\\" in one else one for one in found]


def _css_character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0x110000 else "\ufffd"  # noqa: PLR2004 - the last character


def _hidden_classes(text: str) -> frozenset[str]:
    """Find the classes that a style sheet in the page hides."""
    if "<style" not in text.lower():
        return frozenset()
    rules = _HIDING_RULE.findall(text)
    return frozenset(name for name, rule in rules if _HIDES.search(rule))
