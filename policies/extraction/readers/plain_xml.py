"""The text of XML in which nothing but elements and letters stands: most parts of most documents.

A way three times as fast as listening to each element, for documents of which only text and the
ends of elements count. Promises the same text as the slow way, or None where it cannot be sure.
Must never be sure of XML that declares anything.

Expat names an element in a namespace with the namespace, a separator and its own name. The
separator is a character that XML does not allow in text, so names and texts can stand in one list
and be told apart, and the list is filled by expat itself.
"""

from collections.abc import Callable
from xml.parsers import expat

import re2

_SEPARATOR = "\x01"  # not a character of XML 1.0 (2.2), so no text has it
_PIECE = 1 << 20

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
# Where it may begin: a document in UTF-8 that says nothing else.
_HEAD = re2.compile(
    rb'(?:\xef\xbb\xbf)?(?:<\?xml version="1.0"(?: encoding="[Uu][Tt][Ff]-8")?'
    rb'(?: standalone="(?:yes|no)")?\s*\?>)?\s*<([^\s/>!?]+)([^>]*)>',
    _OPTIONS,
)
_UNPREFIXED = re2.compile(rb"<[^\s:/>!?]+[\s/>]", _OPTIONS)
_DECLARES = re2.compile(rb"""<!|<\?[^x]|xmlns(?::[^\s=]+)?\s*=\s*(?:""|'')""", _OPTIONS)
_DEFAULT = re2.compile(rb"""\sxmlns\s*=\s*(?:"[^"]|'[^'])""", _OPTIONS)


class PlainText:
    """Reads by one set of rules: what `after` puts behind an element, and which attributes count.

    `telling` is a pattern that finds attributes which people see: where it does, this is no way.
    """

    def __init__(self, after: Callable[[str], str], telling: bytes) -> None:
        self._after = after
        self._telling = re2.compile(telling, _OPTIONS)

    def text_of(self, data: bytes, tick: Callable[[], None]) -> str | None:
        """Return the text of a document; None if the slow way is needed."""
        if not _is_plain(data) or self._telling.search(data):
            return None
        return _gathered(data, self._after, tick)


def _gathered(data: bytes, after: Callable[[str], str], tick: Callable[[], None]) -> str | None:
    out: list[str] = []
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.CharacterDataHandler = parser.EndElementHandler = out.append
    try:
        for at in range(0, len(data), _PIECE):
            tick()
            parser.Parse(data[at : at + _PIECE])
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError):
        return None
    if not out or _SEPARATOR not in out[-1]:
        return None  # the root has no namespace after all
    names = {one for one in set(out) if _SEPARATOR in one}
    put = {name: after(name.rpartition(_SEPARATOR)[2]) for name in names}
    return "".join([put.get(one, one) for one in out])


def _is_plain(data: bytes) -> bool:
    """Whether every element has a namespace, and nothing but elements is declared."""
    head = _HEAD.match(data)
    if head is None or _DECLARES.search(data):
        return False
    prefixed = b":" in head.group(1)
    if not prefixed:
        return _DEFAULT.search(head.group(2)) is not None
    return _UNPREFIXED.search(data) is None
