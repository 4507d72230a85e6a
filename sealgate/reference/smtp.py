"""The reference page of the SMTP door: what it offers, how much it takes, and what it answers.

Asks the door's own code, so that page and door cannot disagree: the conversation for what EHLO
offers, the grammar for parameters, the limits and the tables of replies for the rest.
Must never hold a number or a reply of its own.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from string import Template
from types import ModuleType
from typing import cast

from gateway.errors import RefusedError
from gateway.pipeline import examination, ownership, scanning
from gateway.settings import SmtpSettings
from gateway.smtp import grammar, replies, sasl
from gateway.smtp.conversation import Conversation
from gateway.smtp.handler import Handler
from gateway.smtp.limits import Gate, Limits
from gateway.smtp.premises import Kind, Premises
from gateway.smtp.replies import Reply
from gateway.smtp.server import Door
from gateway.smtp.throttle import BY_ACCOUNT, BY_ADDRESS
from policies.message.mime import DEFAULT_LIMITS
from sealgate.reference import outward as outward_page

HOST = "mail.example.gov.uk"

MAIL_PARAMETERS = (
    "SIZE=1000",
    "BODY=7BIT",
    "BODY=8BITMIME",
    "AUTH=<>",
    "BODY=BINARYMIME",
    "SMTPUTF8",
    "RET=FULL",
    "RET=HDRS",
    "ENVID=QQ314159",
    "ENVID=a=b",
    "REQUIRETLS",
    "HOLDFOR=60",
    "BY=60;R",
    "MT-PRIORITY=1",
)
RCPT_PARAMETERS = (
    "NOTIFY=NEVER",
    "NOTIFY=SUCCESS,FAILURE,DELAY",
    "NOTIFY=NEVER,FAILURE",
    "ORCPT=rfc822;a+2Bc@b.example",
    "ORCPT=utf-8;j\\x{F6}rg@b.example",
    "ORCPT=a@b.example",
    "RRVS=2026-01-01T00:00:00Z",
)

SETTINGS = {
    "message_bytes": "max_message",
    "recipients": "recipients",
    "messages": "messages",
    "connections": "connections",
    "connections_per_ip": "connections_per_ip",
    "user_messages": "user_messages",
    "user_recipients": "user_recipients",
    "handshake": "handshake_seconds",
    "idle": "idle_seconds",
    "data": "data_seconds",
    "data_rate": "data_bytes_per_second",
    "commit": "commit_seconds",
}
FIXED = {
    "commands": "Most commands since the last mail.",
    "idle_commands": "Most of those that bring no mail nearer: NOOP, RSET, EHLO, VRFY.",
    "errors": "Most protocol errors on one connection. Refused addresses are not counted.",
    "auth_tries": "Failed sign-ins after which the connection closes.",
    "command_line": "Longest command, in bytes.",
    "auth_line": "Longest line of a sign-in, in bytes.",
    "greeting_pause": "Pause before the greeting, in seconds; who speaks in it is turned away. "
    "None on the trusted port.",
    "data_rate_after": "Seconds after which the slowest rate holds.",
    "data_linger": "Silence after which a mail with bare line ends is over, in seconds.",
    "linger": "How long a refused client is given to hear why, in seconds.",
    "hang_up": "How long a client is given to take our last words, in seconds.",
}
PARSED = {
    "header_bytes": "bytes of a mail's header; more is refused",
    "headers": "header fields; as many are refused",
    "part_header_bytes": "bytes of the headers of all inner parts together",
    "parts": "parts",
    "depth": "levels of parts in parts",
    "addresses": "addresses in the header",
    "subject_bytes": "bytes of a line that people read as a subject",
}
STAGES = {
    2: "### Yes",
    3: "### Go on",
    4: "### Not now: try again later",
    5: "### No",
}


def page() -> str:
    """Give the text of `docs/reference/smtp.md`."""
    template = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return Template(template).substitute(
        extensions=_extensions(),
        parameters=_parameters(),
        commands=_commands(),
        mechanisms=", ".join((*sasl.PASSWORD_MECHANISMS, *sasl.TOKEN_MECHANISMS)),
        tokens=" and ".join(sasl.TOKEN_MECHANISMS),
        longest_token=sasl.LONGEST_TOKEN,
        longest_login=sasl.LONGEST_LOGIN,
        longest_password=sasl.LONGEST_PASSWORD,
        free_by_address=BY_ADDRESS.free,
        free_by_account=BY_ACCOUNT.free,
        longest_by_address=f"{BY_ADDRESS.longest:.0f}",
        longest_by_account=f"{BY_ACCOUNT.longest:.0f}",
        limits=_limits(),
        bounds=_bounds(),
        longest_line=replies.LONGEST_LINE,
        replies="\n".join(_replies()),
        outward_limits=_rows(outward_page.limits()),
        outward_answers=_rows(outward_page.answers()),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Lay out a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return _rows(lines).replace("| --- ", "|---")


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in rows)


def _extensions() -> str:
    rows = []
    for kind, secured, when in (
        (Kind.STARTTLS, False, "submission, before STARTTLS"),
        (Kind.STARTTLS, True, "submission, under TLS"),
        (Kind.TRUSTED, False, "trusted, before STARTTLS"),
        (Kind.TRUSTED, True, "trusted, under TLS"),
    ):
        rows.append((when, ", ".join(f"`{word}`" for word in _offered(kind, secured=secured))))
    return _table(("EHLO", "offers"), rows)


def _offered(kind: Kind, *, secured: bool) -> list[str]:
    """Ask the conversation itself. EHLO asks the handler nothing, so there is none."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    limits = Limits.of(SmtpSettings.model_construct())
    talk = Conversation(Premises(cast("Handler", None), limits, Gate(limits), HOST, tls), kind, "")
    if secured:
        talk.secured("TLSv1.3")
    return talk.hello("client.example", extended=True).text.splitlines()[1:]


def _parameters() -> str:
    rows = [
        ("MAIL FROM", f"`{word}`", _understood(grammar.mail_path, f"FROM:<a@b.example> {word}"))
        for word in MAIL_PARAMETERS
    ]
    rows += [
        ("RCPT TO", f"`{word}`", _understood(grammar.recipient_path, f"TO:<a@b.example> {word}"))
        for word in RCPT_PARAMETERS
    ]
    return _table(("command", "parameter", "answer"), rows)


def _understood(read: Callable[[str], object], argument: str) -> str:
    try:
        read(argument)
    except RefusedError as refused:
        return f"`{refused.reply.status} {refused.reply.text}`"
    return "taken"


def _commands() -> str:
    rows = [
        (name.removeprefix("smtp_"), (getattr(Door, name).__doc__ or "").splitlines()[0])
        for name in sorted(vars(Door))
        if name.startswith("smtp_")
    ]
    return _table(("command", "what it does"), rows)


def _limits() -> str:
    defaults = Limits.of(SmtpSettings.model_construct())
    rows = []
    for field in fields(Limits):
        value = _plain(getattr(defaults, field.name))
        if field.name in SETTINGS:
            setting = SETTINGS[field.name]
            described = SmtpSettings.model_fields[setting].description or ""
            rows.append((described, value, f"`smtp.{setting}`"))
        else:
            rows.append((FIXED[field.name], value, "fixed"))
    relay = SmtpSettings.model_fields["relay_seconds"]
    rows.append((relay.description or "", _plain(relay.default), "`smtp.relay_seconds`"))
    rows.append(("Most mail servers a mail may have passed.", str(examination.MOST_HOPS), "fixed"))
    return _table(("limit", "default", "setting"), rows)


def _bounds() -> str:
    rows = [(said, _plain(getattr(DEFAULT_LIMITS, name))) for name, said in PARSED.items()]
    return _table(("content", "at most"), rows)


def _plain(value: float) -> str:
    """Write a number with commas; only bytes are large enough to need them."""
    return f"{int(value):,}" if float(value).is_integer() else str(value)


def _replies() -> Iterator[str]:
    """One table for each first digit, without the replies that are told elsewhere."""
    found = {
        reply
        for module in (replies, examination, ownership, scanning)
        for reply in _said_by(module)
    }
    for digit, title in STAGES.items():
        rows = [
            (f"{one.code} {one.enhanced}".rstrip(), f"`{one.text}`", "closes" if one.close else "")
            for one in sorted(found, key=lambda one: (one.code, one.enhanced, one.text))
            if one.code // 100 == digit
        ]
        yield f"{title}\n\n" + _table(("code", "text", ""), rows)


def _said_by(module: ModuleType) -> Iterator[Reply]:
    yield from (value for value in vars(module).values() if isinstance(value, Reply))
