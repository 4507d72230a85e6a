"""The forms of an incident report: JSON for programs, HTML for reading, PDF for the file.

Promises that all three say the same, need nothing from outside themselves, and hold no markup of a
stranger's: every value is escaped. PDF is laid out with ReportLab (BSD), in its built-in fonts:
what these cannot show is written as its code point.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Final
from xml.sax.saxutils import escape

import jinja2
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from vault.trail.incident import Incident
from webreader.incident.telling import Report

FORMAT: Final = "sealgate-incident/1"
NONE_FOUND: Final = "None, or no rule of the policy asked for any."


def as_json(incident: Incident, report: Report) -> bytes:
    """Return facts and words as JSON; times are ISO 8601 in UTC."""
    facts = asdict(incident) | {"deadline": incident.deadline, "seen": incident.has_been_seen}
    whole = {"format": FORMAT, "facts": _plain(facts), "letters": _plain(asdict(report)["letters"])}
    return json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n"


def as_html(report: Report) -> bytes:
    """Return one HTML page, complete in itself."""
    return _template().render(report=report).encode()


def as_pdf(report: Report) -> bytes:
    """Return a PDF, A4."""
    written = io.BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        title=_shown(report.title),
        author="Sealgate",
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        invariant=1,
    )
    document.build([part for one in _parts(report) for part in (one, Spacer(1, 2 * mm))])
    return written.getvalue()


def _parts(report: Report) -> Iterator[Paragraph]:
    """Yield every paragraph of the PDF, in order."""
    yield _paragraph(report.title, "Title")
    yield _paragraph(report.clock, "BodyText")
    for title, lines in _sections(report):
        yield _paragraph(title, "Heading2")
        for line in lines:
            yield _paragraph(line, "BodyText")
    yield _paragraph(report.note, "Italic")


def _sections(report: Report) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "The message", tuple(f"{name}: {value}" for name, value in report.facts)
    yield "Kinds of personal data that were recognised in it", report.kinds or (NONE_FOUND,)
    for who in report.people:
        yield f"Given access: {who.address}", (who.standing, *who.seen)
    if report.copies:
        yield "Copies without sealing, which cannot be withdrawn", report.copies
    told = tuple(f"{when}: {what}" for when, what in report.timeline)
    yield "What has happened", (*filter(None, (report.fetches,)), *told)
    for letter in report.letters:
        yield letter.title, letter.paragraphs


def _paragraph(text: str, style: str) -> Paragraph:
    found: ParagraphStyle = getSampleStyleSheet()[style]
    return Paragraph(escape(_shown(text)), found)


def _shown(text: str) -> str:
    """Return what the built-in fonts can show; anything else as its code point."""
    return "".join(one if _is_known(one) else f"[U+{ord(one):04X}]" for one in text)


@cache
def _is_known(one: str) -> bool:
    try:
        one.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return one.isprintable()


@cache
def _template() -> jinja2.Template:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("webreader"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made.get_template("incident_report.html")


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
