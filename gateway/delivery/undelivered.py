"""What a bounce tells beside what its row knows: what was asked, and lines of the mail's header.

Promises that a sender hears only of what the client asked for (RFC 3461 section 4.1), and that of a
header no more goes back than tells one mail from another. Never content, whatever RET says: the way
back is open, and what is sealed may be named there by its reference alone (ADR 12).
"""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.notices.bounce import LONGEST_HEAD
from gateway.pipeline.examination import Examined
from gateway.relay.answers import Answer
from gateway.relay.parameters import (
    PLAIN_RECIPIENT,
    MailParameters,
    Notify,
    RecipientParameters,
)
from policies.message.header_block import read_block
from policies.message.shape import Limits
from vault.address import Address
from vault.sending.outbox import Item, Kind

RETURNED = ("From", "To", "Cc", "Date", "Message-ID")
WITH_SUBJECT = (*RETURNED, "Subject")
LONGEST_READ = 64 << 10
LONGEST_FIELD = 1500
_WIDTH = 76

log = structlog.get_logger()


def of_item(
    item: Item,
    what: Notify,
    mail: Callable[[], Iterator[bytes]] | None,
    *,
    host: str = "",
    remote: str = "",
    until: datetime | None = None,
) -> dict[str, str] | None:
    """Return what is told of a row, None if nothing is to be told. `mail` is what was to be sent.

    A subject goes back only if everybody was to get the mail in the clear; a notice's own subject
    says nothing.
    """
    clear = item.kind is Kind.NOTICE or item.package_id is None
    names = WITH_SUBJECT if clear else RETURNED
    asked = MailParameters.of_fields(item.fields)
    each = RecipientParameters.of_fields(item.fields)
    return word(asked, each, what, mail, names, host=host, remote=remote, until=until)


@dataclass(frozen=True, slots=True)
class About:
    """A mail that was passed on while its sender waited: what is told of its recipients.

    `read` gives the mail; it blocks, and so do `refused` and `handed_on`.
    """

    mail: Examined
    read: Callable[[], Iterator[bytes]]
    trace: str
    host: str

    def refused(self, answers: Mapping[Address, Answer]) -> list[dict[str, str]]:
        """Return the bounces about those whom the next hop refused."""
        return self._told(answers, Notify.FAILURE, "failed")

    def unreported(self, answers: Mapping[Address, Answer]) -> dict[Address, Answer]:
        """Return whose success the sender wants to hear of, and no next hop will report."""
        asked = self.mail.session.asked_for
        wanted = {to for to, each in asked.items() if each.wants(Notify.SUCCESS)}
        return {to: one for to, one in answers.items() if to in wanted and not one.reports}

    def handed_on(self, answers: Mapping[Address, Answer]) -> list[dict[str, str]]:
        """Return the reports about those whom a next hop took that reports nothing."""
        return self._told(answers, Notify.SUCCESS, "relayed")

    def _told(
        self, answers: Mapping[Address, Answer], what: Notify, action: str
    ) -> list[dict[str, str]]:
        names = RETURNED if self.mail.kept else WITH_SUBJECT
        told = []
        for to, answer in answers.items():
            each = self.mail.session.asked_for.get(to, PLAIN_RECIPIENT)
            said = word(
                self.mail.asked,
                each,
                what,
                self.read,
                names,
                host=self.host,
                remote=answer.by,
            )
            if said is not None:
                fields = {
                    "reference": self.trace,
                    "recipient": str(to),
                    "status": answer.status,
                    "what": "mail",
                    "package_id": "",
                    "action": action,
                    "arrived_at": self.mail.at.isoformat(),
                }
                told.append({**said, **fields})
        return told


def word(
    asked: MailParameters,
    each: RecipientParameters,
    what: Notify,
    mail: Callable[[], Iterator[bytes]] | None,
    names: tuple[str, ...],
    *,
    host: str = "",
    remote: str = "",
    until: datetime | None = None,
) -> dict[str, str] | None:
    """Return what is told of one recipient, None if nothing is to be told."""
    if not each.wants(what):
        return None
    said = {
        "orcpt": _printable(each.original),
        "envid": _printable(asked.envelope_id),
        "host": host,
        "remote": remote if remote.isascii() else "",
        "until": until.isoformat() if until else "",
        "head": _safely(mail, names) if mail else "",
    }
    return {name: value for name, value in said.items() if value}


def _safely(mail: Callable[[], Iterator[bytes]], names: tuple[str, ...]) -> str:
    """Read the header lines; a bounce without them is better than none."""
    try:
        return head(mail(), names)
    except Exception as error:  # noqa: BLE001 - content that is gone must not keep a bounce back
        log.warning("bounce.without_header", problem=type(error).__name__)
        return ""


def head(chunks: Iterable[bytes], names: tuple[str, ...]) -> str:
    """Return the fields of these names, in their order, folded; what is not ASCII is left out."""
    block = read_block(_top(chunks), Limits())
    lines = []
    for name in names:
        for raw in block.values(name.lower())[:1]:
            text = " ".join(raw.decode("latin-1").split())
            if text and text.isascii() and text.isprintable() and len(text) <= LONGEST_FIELD:
                lines.append("\r\n ".join(_folded(f"{name}: {text}")))
    kept = ""
    for line in lines:
        if len(kept) + len(line) + 2 <= LONGEST_HEAD:
            kept += f"{line}\r\n"
    return kept


def _top(chunks: Iterable[bytes]) -> bytes:
    """Return the header, up to the empty line or a limit."""
    gathered = b""
    for chunk in chunks:
        gathered += chunk[:LONGEST_READ]
        ends = [at for mark in (b"\r\n\r\n", b"\n\n") if (at := gathered.find(mark)) >= 0]
        if ends:
            return gathered[: min(ends)]
        if len(gathered) >= LONGEST_READ:
            return gathered[: gathered.rfind(b"\n") + 1]
    return gathered


def _folded(line: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _printable(text: str) -> str:
    """Return `text` if it is one printable line, else nothing."""
    return text if text.isprintable() and len(text) <= LONGEST_FIELD else ""
