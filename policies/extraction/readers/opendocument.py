"""OpenDocument files (OASIS ODF 1.3): texts, spreadsheets and presentations.

Promises every XML part: content, headers and footers (which stand among the styles), remarks,
properties, and the objects and pictures inside. Must never take an encrypted part for an empty one.
"""

from policies.extraction.budgets import Locked
from policies.extraction.desk import Desk
from policies.extraction.readers.archive import Archive, read_entry
from policies.extraction.readers.plain_xml import PlainText
from policies.extraction.readers.xml import Rules, say_xml

_SEEN = frozenset({"name", "title", "description", "href", "value", "date-value", "author"})
_BREAK_NAMES = """
    p h table-row line-break list-item annotation title subject description keyword creator
    initial-creator user-defined date generator config-item
"""
RULES = Rules(
    breaks=frozenset(_BREAK_NAMES.split()),
    tabs=frozenset({"tab", "table-cell", "covered-table-cell", "s"}),
    attributes={
        "table": _SEEN,
        "table-cell": frozenset({"value", "date-value", "string-value"}),
        "a": _SEEN,
        "frame": _SEEN,
        "user-defined": _SEEN,
        "variable-set": frozenset({"string-value", "value", "name"}),
        "user-field-decl": frozenset({"string-value", "value", "name"}),
        "section": _SEEN,
        "help-message": frozenset({"title"}),
    },
)
_PLAIN = PlainText(RULES.after, RULES.telling())
_TEXTLESS = ("layout-cache", "META-INF/documentsignatures.xml")


def read_opendocument(archive: Archive, desk: Desk) -> None:
    """Read every part of a document. Raises Unreadable, Locked."""
    for entry in archive.entries:
        if entry.name.endswith(_TEXTLESS):
            continue
        if not entry.name.endswith((".xml", ".rdf")):
            read_entry(archive, entry, desk)
            continue
        desk.meter.enter()
        data = archive.unpack(entry)
        desk.meter.unpack(len(data))
        if entry.name == "META-INF/manifest.xml" and b"encryption-data" in data:
            raise Locked("a document with a password")
        say_xml(data, RULES, desk, _PLAIN)
