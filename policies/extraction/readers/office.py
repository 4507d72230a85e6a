"""Documents of Office Open XML (ECMA-376): Word, Excel and PowerPoint files.

Promises every part of the package: text, headers, footers, comments, notes, hidden sheets, tracked
deletions, properties, links, chart texts, and files embedded in it. Must never skip a part for
having a name that is not expected.
"""

from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk, File
from policies.extraction.readers.archive import Archive, Entry, read_entry
from policies.extraction.readers.binary import read_binary
from policies.extraction.readers.plain_xml import PlainText
from policies.extraction.readers.sheets import Sheets
from policies.extraction.readers.xml import Listener, Rules, listen, say_all, say_xml

_SEEN_NAMES = """
    descr title alt author displayText prompt promptTitle error errorTitle tooltip display
    string Target address userName
"""
_SEEN = frozenset(_SEEN_NAMES.split())
_NAMED = frozenset({"name", "val"})
_BREAK_NAMES = """
    p br cr tr row si comment text sheet footnote endnote hdr ftr v pt lpwstr lpstr oddHeader
    oddFooter evenHeader evenFooter title creator subject description keywords lastModifiedBy
    category instrText f definedName author Company Manager filetime i4
"""
RULES = Rules(
    breaks=frozenset(_BREAK_NAMES.split()),
    tabs=frozenset({"tab", "tc", "ptab"}),
    attributes={
        "*": _SEEN,
        "sheet": _NAMED,
        "cNvPr": _NAMED,
        "docPr": _NAMED,
        "docVar": _NAMED,
        "alias": _NAMED,
        "tag": _NAMED,
        "default": _NAMED,
        "result": _NAMED,
        "tableColumn": _NAMED,
        **dict.fromkeys(("s", "n", "d"), frozenset({"v"})),  # what a pivot table remembers
        "cmAuthor": _NAMED,
        "property": _NAMED,
        "person": frozenset({"displayName"}),
    },
)
_PLAIN = PlainText(RULES.after, RULES.telling())
_FONTS = (".odttf", ".fntdata", ".ttf")
_OPAQUE = ("printersettings", "/activex", "/customproperty", "/ctrlprops", "vbaproject", "/ink/")
_XML = (".xml", ".rels", ".vml")
_BINARY_BOOK = "a workbook in Excel's binary form, which is not opened here"


def read_office(archive: Archive, desk: Desk) -> None:
    """Read every part of a package. Raises Unreadable after the rest if one could not be read."""
    sheets = Sheets()
    bad: list[Unreadable] = []
    for entry in sorted(archive.entries, key=lambda one: not sheets.comes_first(one.name)):
        try:
            _read_part(archive, entry, sheets, desk)
        except Unreadable as why:
            bad.append(why)
    if bad:
        raise bad[0]


def _read_part(archive: Archive, entry: Entry, sheets: Sheets, desk: Desk) -> None:
    name = entry.name.lower()
    if name.endswith(_XML):
        desk.meter.enter()
        data = archive.unpack(entry)
        desk.meter.unpack(len(data))
        _read_xml_part(name, data, sheets, desk)
    elif name.endswith(_FONTS):
        desk.record(File((entry.name,)), "font", entry.size)
    elif name.startswith("xl/") and name.endswith(".bin") and "sheets/sheet" in name:
        raise Unreadable(_BINARY_BOOK)
    elif any(sign in f"/{name}" for sign in _OPAQUE):
        desk.meter.enter()
        read_binary(archive.unpack(entry), desk)
        desk.record(File((entry.name,)), "settings", entry.size)
    else:
        read_entry(archive, entry, desk)


def _read_xml_part(name: str, data: bytes, sheets: Sheets, desk: Desk) -> None:
    listener: Listener | None = sheets.listener(name)
    if listener is None:
        say_xml(data, RULES, desk, _PLAIN)
        return
    try:
        listen(data, listener, desk.meter)
    finally:
        say_all(listener.texts(), desk)
