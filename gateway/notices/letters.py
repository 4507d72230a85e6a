"""Letters: a claimed outbox row becomes a complete mail.

Promises that the same row makes the same bytes each time (a mail sent twice after a crash carries
one Message-ID), that the fields of the header are the ones listed here and no others, that a code
comes without anything that looks like a link, and that nothing of a message is in a letter about
it. Must never repeat a value that was not checked: a row that holds one is refused whole.

No letter is marked `Precedence: bulk`: filters take that for a mailing, and a code must arrive in
minutes. `Auto-Submitted` (RFC 3834) and `X-Auto-Response-Suppress` say what automata must know;
the latter does not name NDR, because reports of failure are wanted.
"""

from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from gateway.notices import bounce, held, mime, policy, standing, warned, wording
from gateway.notices.instants import moment
from gateway.notices.settings import NoticeSettings
from policies.settings import OrganisationSettings
from vault import identifier
from vault.sending.outbox import Item, Kind

TEMPLATES = Path(__file__).parent / "templates"
LONGEST_LINK = 120

_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    autoescape=jinja2.select_autoescape(["html.j2"], default_for_string=True),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


class LetterError(Exception):
    """The row cannot be made into a letter. Says which field, never its value."""


def render(item: Item, organisation: OrganisationSettings, settings: NoticeSettings) -> bytes:
    """Return the mail for `item`, with CRLF line ends and unsigned. Raise LetterError."""
    try:
        facts = _FACTS[item.kind](item.fields, settings)
        shared = {
            "organisation": mime.checked(organisation.name),
            "site": organisation.public_url,
            "contact": mime.checked(organisation.contact),
            "to": mime.checked(str(item.to)),
            "link": _link(item, organisation.public_url),
            "sent": wording.moment(item.queued_at, settings.zone),
            "reference": mime.checked(item.fields.get("reference", "")),
        }
        return _mail(item, {**shared, **facts}, settings)
    except KeyError as error:
        raise LetterError(f"a {item.kind} row has no field {error}") from error
    except mime.UnsafeValueError as error:
        raise LetterError(f"a {item.kind} row has an unusable field: {error}") from error


def _mail(item: Item, facts: dict[str, Any], settings: NoticeSettings) -> bytes:
    subject = _subject(item.kind, facts, settings)
    sender = mime.mailbox(_display_name(item.kind, facts), str(settings.sender_address))
    body = _body(item, {**facts, "subject": subject})
    fields = [
        ("Subject", mime.unstructured(subject)),
        ("Date", format_datetime(item.queued_at)),
        ("Message-ID", f"<{item.id}@{settings.sender_address.domain}>"),
        ("Auto-Submitted", "auto-replied" if item.kind is Kind.BOUNCE else "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply, RN, NRN"),
        ("Content-Language", "en-GB"),
        ("MIME-Version", "1.0"),
    ]
    head = mime.field("From", sender) + mime.address_field("To", facts["to"])
    return head + b"".join(mime.field(name, value) for name, value in fields) + body.to_bytes()


def _body(item: Item, facts: dict[str, Any]) -> mime.Part:
    text, html = (_page(f"{item.kind.value}.{shape}.j2").render(facts) for shape in ("txt", "html"))
    halves = (mime.text_part(wording.wrapped(text)), mime.html_part(html))
    readable = mime.multipart("alternative", halves, f"=_{item.id}_a")
    if item.kind is not Kind.BOUNCE:
        return readable
    parts = (readable, bounce.report(facts), bounce.returned(facts))
    return mime.multipart(
        "report; report-type=delivery-status", tuple(filter(None, parts)), f"=_{item.id}_r"
    )


@cache
def _page(name: str) -> jinja2.Template:
    return _pages.get_template(name)


def _subject(kind: Kind, facts: dict[str, Any], settings: NoticeSettings) -> str:
    organisation, reference = facts["organisation"], facts["reference"]
    notice = f"{settings.subject.replace('{organisation}', organisation)} ({reference})"
    return {
        Kind.NOTICE: notice,
        Kind.REMINDER: f"Reminder: {notice}",
        Kind.INCIDENT: f"Access to a secure message was withdrawn ({reference})",
        Kind.REPORT: str(facts.get("headline")),
        Kind.CODE: f"Your sign-in code for {organisation}",
        Kind.ACCESS_REQUEST: f"Someone asks for more time for your secure message ({reference})"
        if facts.get("expired")
        else f"Someone asks to open your secure message ({reference})",
        Kind.ACCESS_DECLINED: f"Your request to open a secure message ({reference})",
        Kind.HELD: f"Your email is held and has not been sent ({reference})",
        Kind.APPROVAL: f"An email waits for your approval ({reference})",
        Kind.SETTLED: f"{facts.get('headline')} ({reference})",
        Kind.POLICY: str(facts.get("headline")),
        Kind.WARNING: "Please look again at what you have sent"
        + (f" ({reference})" if reference else ""),
        Kind.BOUNCE: f"{facts.get('headline')} {facts.get('recipient')} ({reference})",
    }[kind]


def _display_name(kind: Kind, facts: dict[str, Any]) -> str:
    """Name the sender and the organisation: the address alone would look like anybody's."""
    name = facts.get("author_name") if kind is Kind.NOTICE else ""
    return f"{name} via {facts['organisation']}" if name else str(facts["organisation"])


def _link(item: Item, site: str) -> str:
    """Return the letter's one link, or nothing for a letter that has none."""
    path, name = _PATHS.get(item.kind, ("", ""))
    if not (wanted := item.fields.get(name, "")):
        return ""
    if not identifier.is_identifier(wanted):
        raise mime.UnsafeValueError(f"{name} is no identifier")
    link = f"{site}/{path}/{wanted}"
    if len(link) >= LONGEST_LINK or not link.isascii():
        raise mime.UnsafeValueError("the link is too long: shorten the public address")
    return link


_PATHS = {
    Kind.NOTICE: ("p", "package_id"),
    Kind.REMINDER: ("p", "package_id"),
    Kind.INCIDENT: ("incident", "package_id"),
    Kind.ACCESS_REQUEST: ("sent", "package_id"),
    Kind.BOUNCE: ("sent", "package_id"),
    Kind.HELD: ("held", "hold_id"),
    Kind.APPROVAL: ("held", "hold_id"),
    Kind.SETTLED: ("held", "hold_id"),
}


def _notice(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    return {
        "author": mime.checked(fields["author"]),
        "author_name": wording.person(fields["author_name"]),
        "expires": moment(fields["expires_at"], settings),
        "opens": moment(fields["not_before"], settings),
        "hours": _hours(fields.get("open_hours", "")),
        "again": fields.get("again") == "yes",
        "can": wording.abilities(
            copy=fields.get("view_only", "") != "yes", reply=fields.get("replies", "yes") == "yes"
        ),
        "replies": fields.get("replies", "yes") == "yes",
        "reference": fields["reference"],
        "package_id": fields["package_id"],
    }


def _hours(written: str) -> str:
    try:
        return wording.hours(written)
    except ValueError:
        raise mime.UnsafeValueError("open_hours are no hours") from None


def _reminder(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    facts = _notice({**fields, "author_name": ""}, settings)
    return {**facts, "sealed": moment(fields["sealed_at"], settings)}


def _code(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    code, minutes = fields["code"], fields["minutes"]
    if not (code.isascii() and code.isdigit() and minutes.isascii() and minutes.isdigit()):
        raise mime.UnsafeValueError("code and minutes are digits")
    return {"code": wording.grouped(code), "minutes": minutes}


def _access_request(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    return {
        "requester": mime.checked(fields["requester"]),
        "package_id": fields["package_id"],
        "expired": moment(fields.get("expired_at", ""), settings),
    }


def _incident(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    return {
        "owner": mime.checked(fields["owner"]),
        "deadline": moment(fields["deadline"], settings),
        "package_id": fields["package_id"],
    }


def _access_declined(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    return {"reference": fields["reference"]}


_FACTS = {
    Kind.NOTICE: _notice,
    Kind.REMINDER: _reminder,
    Kind.INCIDENT: _incident,
    Kind.CODE: _code,
    Kind.ACCESS_REQUEST: _access_request,
    Kind.ACCESS_DECLINED: _access_declined,
    Kind.BOUNCE: bounce.bounce,
    Kind.HELD: held.held,
    Kind.APPROVAL: held.approval,
    Kind.SETTLED: held.settled,
    Kind.POLICY: policy.policy,
    Kind.WARNING: warned.warning,
    Kind.REPORT: standing.report,
}
