"""XML without its dangers: text and chosen attributes, in order.

For documents and for plain XML files. Promises that no entity is declared, expanded or fetched, and
that depth is bounded. Must never build a tree.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

from policies.extraction import markup
from policies.extraction.budgets import Meter, Unreadable
from policies.extraction.desk import Desk
from policies.extraction.readers.plain_xml import PlainText
from policies.extraction.texts import read_text, readings

_DEEPEST = 2000
_PIECE = 1 << 17
_ANY = frozenset({"*"})

Attributes = frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """How a vocabulary is read: local names of elements, and what they mean for the text.

    `inline` do not end a line; with `breaks` given, only those do. `tabs` put a tab. `attributes`
    maps an element, or "*" for any, to the local names of attributes that people see.
    """

    inline: frozenset[str] = frozenset()
    breaks: frozenset[str] | None = None
    tabs: frozenset[str] = frozenset()
    attributes: dict[str, Attributes] = field(default_factory=dict)

    def telling(self) -> bytes:
        """Return a pattern that finds whatever may be an attribute that people see."""
        everywhere = self.attributes.get("*", frozenset())
        elements = self.attributes.keys() - {"*"}
        tests = ((r"[\s:](?:{})\s*=", everywhere), (r"[<:](?:{})\s", elements))
        found = [form.format("|".join(sorted(names))) for form, names in tests if names]
        return "|".join(found).encode("ascii")

    def after(self, local: str) -> str:
        """Tell what follows an element in the text."""
        if local in self.tabs:
            return "\t"
        ends = local not in self.inline if self.breaks is None else local in self.breaks
        return "\n" if ends else ""

    def wanted(self, local: str) -> Attributes:
        """Name the attributes of an element that people see."""
        return self.attributes.get(local, frozenset()) | self.attributes.get("*", frozenset())


class DamagedXml(Unreadable):
    """It is not well-formed."""


_INLINE_NAMES = """
    t r rPr span tspan textPath b i u s em strong a font small sub sup bdo tt
"""
GENERAL = Rules(
    inline=frozenset(_INLINE_NAMES.split()),
    attributes={"*": _ANY},
)

Start = Callable[[str, list[str]], None]


class Listener:
    """What a parser of one document tells, with the texts gathered so far."""

    def __init__(self, rules: Rules) -> None:
        self.text: list[str] = []
        self.aside: list[str] = []  # attributes and remarks
        self._rules = rules
        self._after: dict[str, str] = {}
        self._wanted: dict[str, Attributes] = {}

    def start(self, name: str, attributes: list[str]) -> None:
        """Keep the attributes that people see; `attributes` has names and values in turn."""
        if not attributes:
            return
        wanted = self._wanted.get(name)
        if wanted is None:
            wanted = self._wanted[name] = self._rules.wanted(local(name))
        if not wanted:
            return
        for at in range(0, len(attributes), 2):
            if wanted is _ANY or "*" in wanted or local(attributes[at]) in wanted:
                self.aside.append(attributes[at + 1])

    def end(self, name: str) -> None:
        """Put what separates the text of an element from what follows."""
        after = self._after.get(name)
        if after is None:
            after = self._after[name] = self._rules.after(local(name))
        if after:
            self.text.append(after)

    def texts(self) -> list[str]:
        """List the text, and the attributes."""
        return ["".join(self.text), "\n".join(dict.fromkeys(self.aside))]


def local(name: str) -> str:
    """Drop the prefix of a name."""
    return name.rpartition(":")[2]


def listen(data: bytes, listener: Listener, meter: Meter) -> None:
    """Parse `data`. Raises DamagedXml, or Unreadable for what no honest document has."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    depth = 0

    def start(name: str, attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise Unreadable(f"XML nested more than {_DEEPEST} deep")
        listener.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        listener.end(name)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = listener.text.append
    parser.CommentHandler = listener.aside.append
    parser.EntityDeclHandler = _no_entities
    parser.UnparsedEntityDeclHandler = _no_entities
    parser.ExternalEntityRefHandler = _no_entities
    try:
        for at in range(0, len(data), _PIECE):
            meter.tick()
            parser.Parse(data[at : at + _PIECE])
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError):
        raise DamagedXml("a document with XML that is damaged") from None


def _no_entities(*_about: object) -> int:
    raise Unreadable("XML that declares entities, which could expand to anything")


def say_xml(data: bytes, rules: Rules, desk: Desk, plain: PlainText | None = None) -> None:
    """Keep the texts of an XML document, the fast way where `plain` can. Raises Unreadable."""
    text = plain.text_of(data, desk.meter.tick) if plain else None
    if text is not None:
        desk.say(text)
        return
    listener = Listener(rules)
    try:
        listen(data, listener, desk.meter)
    finally:
        say_all(listener.texts(), desk)


def say_all(texts: Iterable[str], desk: Desk) -> None:
    """Keep several texts."""
    for text in texts:
        desk.say(text)


def read_xml(data: bytes, desk: Desk) -> None:
    """Read an XML file on its own; one that is not well-formed is read as the letters it is."""
    try:
        say_xml(data, GENERAL, desk)
    except DamagedXml:
        read_text(data, desk)
        for text in readings(data, desk.file.charset):
            say_all(markup.read_page(text, desk.meter.tick).texts(), desk)
