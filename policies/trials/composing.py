"""The mail of a golden case, as bytes: what a mail client would have sent.

For `policies.trials.cases`. Promises that a mail written whole is taken as it is, but for its line
ends, and that the same case always gives the same bytes. Must never be used to send a mail.
"""

import mimetypes
from email import policy
from email.header import Header
from email.message import EmailMessage

from policies.trials.case_files import PlacedCase
from policies.trials.case_schema import Attached, Case
from policies.trials.case_values import NULL_SENDER

_DATE = "Tue, 24 Nov 2026 10:00:00 +0000"
_BOUNDARY = "case-boundary-{}"
_OCTETS = ("application", "octet-stream")


def compose(placed: PlacedCase) -> bytes:
    """Return the mail of a case, CRLF line ends. Raises OSError if its file has gone."""
    case = placed.case
    if case.file is not None:
        return placed.beside(case.file)
    if case.mail is not None:
        return case.mail.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    lines = [f"{name}: {_encoded(name, value)}" for name, value in _headers(placed)]
    return "".join(f"{line}\r\n" for line in lines).encode() + _content(case, placed)


def _headers(placed: PlacedCase) -> list[tuple[str, str]]:
    case = placed.case
    own = {name.lower() for name in case.headers}
    usual = [("From", placed.sender), ("To", ", ".join(case.to)), ("Date", _DATE)]
    if case.subject is not None:
        usual.append(("Subject", case.subject))
    kept = [(name, value) for name, value in usual if name.lower() not in own]
    kept = [pair for pair in kept if pair != ("From", NULL_SENDER)]
    return kept + list(case.headers.items())


def _encoded(name: str, value: str) -> str:
    if value.isascii():
        return value
    return Header(value, "utf-8", header_name=name).encode(linesep="\r\n")


def _content(case: Case, placed: PlacedCase) -> bytes:
    """Return the MIME headers and the body."""
    message = EmailMessage(policy=policy.SMTP)
    message.set_content(case.body if case.body is not None else "Hello.\n")
    if case.html is not None:
        if case.body is None:
            message.set_content(case.html, subtype="html")
        else:
            message.add_alternative(case.html, subtype="html")
    for attached in case.attachments:
        maintype, subtype = _type_of(attached)
        content = _bytes_of(attached, placed)
        message.add_attachment(content, maintype, subtype, filename=attached.name)
    multiparts = (part for part in message.walk() if part.is_multipart())
    for number, part in enumerate(multiparts):
        part.set_boundary(_BOUNDARY.format(number))
    return message.as_bytes()


def _type_of(attached: Attached) -> tuple[str, str]:
    guessed = attached.type or mimetypes.guess_type(attached.name)[0] or "/".join(_OCTETS)
    maintype, _, subtype = guessed.partition("/")
    return _OCTETS if maintype in {"message", "multipart"} else (maintype, subtype)


def _bytes_of(attached: Attached, placed: PlacedCase) -> bytes:
    if attached.file is not None:
        return placed.beside(attached.file)
    return (attached.text or "").encode()
