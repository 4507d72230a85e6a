"""The audit trail in the forms that other programs read: JSON, CSV and CEF.

JSON holds everything there is, so that it can be verified elsewhere (docs/reference/audit.md). CSV
is for spreadsheets: no cell is taken for a formula. CEF is for security monitoring (ArcSight Common
Event Format, version 0): what a stranger wrote into an address or a browser's name is escaped.

Promises a line for a line, and that text never ends one. Pure but for reading what it is given.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from vault.trail.audit import Act
from vault.trail.heads import Head
from vault.trail.lines import Line

FORMAT = "sealgate-audit-export/1"
CSV_COLUMNS = (
    "id", "at", "act", "package", "actor", "subject", "ip", "agent", "detail", "policy", "strand",
    "number", "hash",
)  # fmt: skip
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""With what a spreadsheet's formula begins (OWASP, CSV Injection), also in full width."""

ALARMING = frozenset(
    {
        Act.ACCESS_DENIED,
        Act.CODE_REFUSED,
        Act.MALWARE_FOUND,
        Act.SCAN_MISSED,
        Act.MAIL_REFUSED,
        Act.RELAY_UNSAFE,
    }
)
CEF_VERSION = "1"  # of what is written into which field, not of the program
QUIET, LOUD = 3, 6  # severities of CEF: low is 0 to 3, medium 4 to 6


def as_json(lines: Iterable[Line], heads: Iterable[Head], *, whole: bool) -> Iterator[str]:
    """Yield an export: what it is, the heads, the lines, and how many there were, as JSON lines.

    `whole` says whether every line is in it: only then can it be verified.
    """
    yield _json({"kind": "export", "format": FORMAT, "whole": whole})
    heads_told = lines_told = 0
    for heads_told, head in enumerate(heads, 1):  # noqa: B007 - the last count is what is wanted
        yield _json({"kind": "head", **head.told(), "body": head.body})
    for lines_told, line in enumerate(lines, 1):  # noqa: B007
        yield _json({"kind": "line", **_facts(line)})
    yield _json({"kind": "end", "heads": heads_told, "lines": lines_told})


def as_csv(lines: Iterable[Line]) -> Iterator[str]:
    """Yield a heading and the lines (RFC 4180), a text each, without the end of line."""
    yield _csv(CSV_COLUMNS)
    for line in lines:
        facts = _facts(line)
        yield _csv(harmless(facts[name]) for name in CSV_COLUMNS)


def as_cef(lines: Iterable[Line]) -> Iterator[str]:
    """Yield an event a line, without the end of line."""
    for line in lines:
        yield _cef(line)


def harmless(value: object) -> str:
    """Return what a cell shows; what would be taken for a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _facts(line: Line) -> dict[str, object]:
    facts: dict[str, object] = line._asdict()
    facts["package"] = facts.pop("package_id")
    facts["hash"] = line.hash.hex() if line.hash is not None else None
    return facts


def _json(told: dict[str, object]) -> str:
    return json.dumps(told, separators=(",", ":"))


def _csv(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return written.getvalue()


def _cef(line: Line) -> str:
    severity = LOUD if line.act in ALARMING else QUIET
    header = ("Sealgate", "Sealgate", CEF_VERSION, line.act, line.act.replace(":", " "))
    extension = " ".join(f"{key}={_value(text)}" for key, text in _extension(line) if text)
    return f"CEF:0|{'|'.join(map(_prefix, header))}|{severity}|{extension}"


def _extension(line: Line) -> Iterator[tuple[str, str]]:
    with suppress(ValueError):
        at = datetime.fromisoformat(line.at).replace(tzinfo=UTC)
        yield "rt", str(int(at.timestamp() * 1000))
    yield "externalId", str(line.id)
    yield "suser", line.actor
    yield "duser", line.subject
    yield from _source(line.ip)
    yield "requestClientApplication", line.agent
    yield "msg", line.detail
    named = (("package", line.package_id or ""), ("policy", line.policy), ("strand", line.strand))
    for place, (label, text) in enumerate(named, 1):
        if text:
            yield f"cs{place}Label", label
            yield f"cs{place}", text
    if line.strand:
        yield "cn1Label", "number"
        yield "cn1", str(line.number)
    if line.hash:
        yield "cs4Label", "hash"
        yield "cs4", line.hash.hex()


def _source(ip: str) -> Iterator[tuple[str, str]]:
    """Yield where an act came from: `src` is for IPv4 alone."""
    if not ip:
        return
    if ":" in ip:
        yield "c6a2Label", "Source IPv6 Address"
        yield "c6a2", ip
    else:
        yield "src", ip


def _prefix(text: str) -> str:
    """Escape a field of the header: a bar or a backslash by a backslash; it has no line ends."""
    return _one_line(text).replace("\\", "\\\\").replace("|", "\\|")


def _value(text: str) -> str:
    """Escape a value of the extension: an equals sign, a backslash, and line ends."""
    escaped = text.replace("\\", "\\\\").replace("=", "\\=")
    return _one_line(escaped.replace("\r", "\\r").replace("\n", "\\n"))


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
