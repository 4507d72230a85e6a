"""What a bounce says: to the person who sent the mail, and to programs (RFC 3464).

A bounce tells of a failure, of a delay, or that a mail was handed to a server which sends no
reports. Promises that nothing of a mail's content is in it, and of its header no more than the
lines that `gateway.delivery.undelivered` lets through. Must never name another recipient.
"""

from typing import Any, Final

from gateway.notices import instants, mime, wording
from gateway.notices.settings import NoticeSettings

ACTIONS: Final = {
    "failed": "Not delivered to",
    "delayed": "Not delivered yet to",
    "relayed": "Handed on to",
}
LONGEST_HEAD: Final = 8 << 10
_CODES: Final = {"failed": "5", "delayed": "4", "relayed": "2"}


def bounce(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    """Return the facts of a bounce."""
    action = fields.get("action", "failed")
    if action not in ACTIONS:
        raise mime.UnsafeValueError("action is one of three words")
    status = mime.checked(fields["status"])
    code, said = wording.split_status(status)
    return {
        "action": action,
        "headline": ACTIONS[action],
        "recipient": mime.checked(fields["recipient"]),
        "status": f"{_CODES[action]}{code[1:]}" if action != "relayed" else "2.0.0",
        "said": said if action != "relayed" else "",
        "reason": wording.reason(status),
        "notice": fields["what"] == "notice",
        "until": instants.moment(fields.get("until", ""), settings),
        "host": mime.checked(fields.get("host", "")) or settings.sender_address.domain,
        "arrived": instants.header_date(fields.get("arrived_at", "")),
        "attempted": instants.header_date(fields.get("attempted_at", "")),
        "tried_until": instants.header_date(fields.get("until", "")),
        "envid": mime.checked(fields.get("envid", "")),
        "original": mime.checked(fields.get("orcpt", "")),
        "remote": mime.checked(fields.get("remote", "")),
        "head": _head(fields.get("head", "")),
    }


def report(facts: dict[str, Any]) -> mime.Part:
    """Return the machine-readable half (RFC 3464 section 2)."""
    server = [
        ("Original-Envelope-Id", facts["envid"]),
        ("Reporting-MTA", f"dns; {facts['host']}"),
        ("Arrival-Date", facts["arrived"]),
    ]
    recipient = [
        ("Original-Recipient", facts["original"]),
        ("Final-Recipient", _typed(facts["recipient"])),
        ("Action", facts["action"]),
        ("Status", facts["status"]),
        ("Remote-MTA", facts["remote"] and f"dns; {facts['remote']}"),
        ("Diagnostic-Code", facts["said"] and f"smtp; {facts['said']}"),
        ("Last-Attempt-Date", facts["attempted"]),
        ("Will-Retry-Until", facts["tried_until"]),
    ]
    blocks = (
        b"".join(mime.field(name, _ascii(value)) for name, value in block if value)
        for block in (server, recipient)
    )
    return mime.Part("message/delivery-status", "", b"\r\n".join(blocks))


def returned(facts: dict[str, Any]) -> mime.Part | None:
    """Return the lines of the mail's header that may go back, None if there are none."""
    if not facts["head"]:
        return None
    return mime.Part("text/rfc822-headers", "", facts["head"])


def _head(text: str) -> bytes:
    """Check header lines: whole fields, printable ASCII, folded with CRLF and a blank."""
    if not text:
        return b""
    if len(text) > LONGEST_HEAD:
        raise mime.UnsafeValueError("the returned header is too long")
    lines = text.replace("\r\n ", " ").split("\r\n")
    fields = (line.partition(": ") for line in lines if line)
    return b"".join(mime.field(name, mime.folded(value)) for name, _, value in fields)


def _typed(address: str) -> str:
    """Return an address with its type: one beyond ASCII as utf-8-addr-xtext (RFC 6533 3)."""
    return f"{'rfc822' if address.isascii() else 'utf-8'}; {address}"


def _ascii(value: str) -> str:
    return "".join(one if one.isascii() else f"\\x{{{ord(one):02X}}}" for one in value)
