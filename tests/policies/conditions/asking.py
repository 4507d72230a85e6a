"""Asks a policy of one rule about one mail: does the rule fire, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from policies.engine import Policy
from policies.extraction.passages import Attachment, Content, Passage, State, Where
from policies.language.loader import load_text
from policies.message.mime import Outline
from tests.policies.mails import PARTNER, STAFF, envelope, mail
from vault.address import Address

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday


@dataclass
class Known:
    """An installation that knows what a test says."""

    now: datetime = NOON
    sent: tuple[str, ...] = ()
    often: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def has_sent_to(self, sender: Address, recipient: Address) -> bool:
        self.asked.append("sent")
        return str(sender) == STAFF and str(recipient) in self.sent

    def frequent_recipients(self, sender: Address) -> tuple[Address, ...]:
        self.asked.append("often")
        return tuple(map(Address.parse, self.often)) if str(sender) == STAFF else ()

    def tls_verified(self, domain: str) -> bool:
        return domain in self.verified


def policy(when: str, *, unless: str = "", head: str = "") -> Policy:
    """A policy whose one rule seals; `when` and `unless` are flow mappings."""
    said = f"    except: {unless}\n" if unless else ""
    return load_text(
        f"version: 1\n{head}rules:\n  - name: a-rule\n    when: {when}\n{said}    then: seal\n"
    )


def why(
    rules: Policy,
    *headers: str | bytes,
    to: str | Iterable[str] = PARTNER,
    sender: str | None = STAFF,
    content: Content = Content(),  # noqa: B008 - frozen
    known: Known | None = None,
    outline: Outline | None = None,
) -> str:
    """Return why the rule fires for the first recipient; "" if it does not."""
    recipients = [to] if isinstance(to, str) else list(to)
    decisions = rules.decide(
        envelope(*recipients, sender=sender),
        outline or mail(*(headers or ("Subject: x",))),
        content,
        known or Known(),
    )
    reasons = [reason for reason in decisions[0].because if reason.rule == "a-rule"]
    return reasons[0].text if reasons else ""


def texts(**said: str | list[str]) -> Content:
    """Content with passages: `body=`, `attachment=`, `attachment_name=`, `subject=`."""
    pairs = (
        (Where(name), text)
        for name, value in said.items()
        for text in ([value] if isinstance(value, str) else value)
    )
    return Content(passages=tuple(Passage(where, text, 1) for where, text in pairs))


def attached(
    *names: str, kind: str = "unknown", size: int = 10, state: State = State.READ, text: str = ""
) -> Content:
    """Content with one attachment."""
    passages = [Passage(Where.ATTACHMENT_NAME, name, 2) for name in names]
    passages += [Passage(Where.ATTACHMENT, text, 2)] if text else []
    file = Attachment(2, names, "application/octet-stream", kind, size, state)
    return Content(passages=tuple(passages), attachments=(file,))
