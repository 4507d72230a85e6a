"""The facts of a recorded mail, for another policy than the one that decided it.

For `policies.trials.replay`. Promises that a question the record cannot answer is an error that
says what was not kept, never a guess. Must never take a recorded hash for an address that no
policy names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from policies.detectors import Confidence, Finding, Severity
from policies.engine import Policy
from policies.envelope import Envelope
from policies.extraction.passages import Content, Passage, State, Where
from policies.facts import Facts
from policies.findings import Found
from policies.message.flags import Flag
from policies.message.marking import Level, Marking
from policies.message.mime import Outline
from policies.message.subject import Readings
from policies.text.view import View
from policies.trials.recorded import Record
from vault.address import Address

THE_MAIL: Final = "the mail itself, which was refused before it was sent"
HEADERS: Final = "header fields, which are never kept"


class NotRecorded(LookupError):
    """A record does not say this. The text names what was not kept, after "cannot tell:"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What turns hashes back into names: those that a policy itself has written, and no others."""

    addresses: Mapping[str, str] = field(default_factory=dict)  # hash to address
    mailboxes: Mapping[str, str] = field(default_factory=dict)  # hash to mailbox
    patterns: Mapping[str, str] = field(default_factory=dict)  # hash to a mailbox that fits
    odd_patterns: bool = False  # whether there are patterns of a form that is not recorded

    def address(self, mailbox: list[Any]) -> Address:
        """Return an address that the lists of the policies would treat like the recorded one."""
        domain, whole, local, patterns = mailbox
        if whole in self.addresses:
            return Address.parse(self.addresses[whole])
        fits = next((self.patterns[one] for one in patterns if one in self.patterns), f"x{local}")
        return Address(self.mailboxes.get(local, fits), domain)


class RecordedFacts(Facts):
    """The facts of a record, as one policy asks for them. What was not kept raises NotRecorded.

    `flags_hold` says that the policy looks for the same marks as the one that decided.
    """

    def __init__(
        self, made: Record, at: datetime, policy: Policy, envelope: Envelope, *, flags_hold: bool
    ) -> None:
        self._record = made
        self._flags_hold = flags_hold
        super().__init__(envelope, None, policy.reader, knowledge=RecordedKnowledge(at))

    def _kept(self, name: str, what: str) -> Any:
        if name not in self._record:
            raise NotRecorded(what)
        return self._record[name]

    @property
    def outline(self) -> Outline:
        """The size, and who is shown in To; other headers were not kept."""
        size, shown = self._kept("size", THE_MAIL), self._kept("shown", THE_MAIL)
        return cast("Outline", RecordedOutline(size, shown))

    @property
    def headers(self) -> Readings:
        """Never kept."""
        raise NotRecorded(HEADERS)

    @property
    def subjects(self) -> tuple[View, ...]:
        """Never kept."""
        raise NotRecorded("the words of the subject, which are never kept")

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The kinds of marks."""
        if not self._flags_hold:
            raise NotRecorded("marks, which were looked for with other settings")
        return tuple(Flag(kind, "a mark") for kind in self._kept("flags", THE_MAIL))

    @property
    def marking(self) -> Marking | None:
        """The level, if a rule asked for it then."""
        level = self._kept("marking", "protective markings, for which no rule asked then")
        return Marking(Level[level], "the mail") if level else None

    @property
    def damaged(self) -> bool:
        """Whether the shape of the mail could not be inspected."""
        return bool(self._kept("damaged", THE_MAIL))

    @property
    def unreadable(self) -> bool:
        """Whether anything of the mail could not be read, if that was tried."""
        unread = "whether text and attachments could be read, for which no rule asked then"
        return self.damaged or bool(self._kept("unread", unread))

    @property
    def content(self) -> Content:
        """The attachments without their names; no text."""
        files = self._kept("files", "attachments, for which no rule asked then")
        return cast("Content", RecordedContent(files))

    @content.setter
    def content(self, value: Content) -> None:
        """Leave the record as it is."""

    def found(self, where: Where) -> tuple[Found, ...]:
        """Return what was found there by the detectors that were asked then."""
        if str(where) not in self._record.get("looked", ()):
            raise NotRecorded(f"findings in {PLACES[where]}, for which no rule asked then")
        return tuple(
            Found(Finding(0, 0, name, Confidence(confidence), Severity(severity)), part, token)
            for name, severity, confidence, part, token in self._record["found"].get(str(where), ())
        )

    def prose(self, where: Where) -> tuple[Passage, ...]:
        """Never kept."""
        raise NotRecorded(f"the words of {PLACES[where]}, which are never kept")


PLACES: Final = {
    Where.SUBJECT: "the subject",
    Where.BODY: "the text",
    Where.ATTACHMENT_NAME: "the names of attachments",
    Where.ATTACHMENT: "attachments",
}


class RecordedKnowledge:
    """The moment of a decision; the sender's past and the routes were not kept."""

    def __init__(self, at: datetime) -> None:
        self.now = at

    def has_sent_to(self, _sender: Address, _recipient: Address) -> bool:
        """Tell nothing: NotRecorded."""
        raise NotRecorded("whom the sender had written to before")

    def frequent_recipients(self, _sender: Address) -> tuple[Address, ...]:
        """Tell nothing: NotRecorded."""
        raise NotRecorded("whom the sender often writes to")

    def tls_verified(self, _domain: str) -> bool:
        """Tell nothing: NotRecorded."""
        raise NotRecorded("how mail travelled to the recipient's domain")


@dataclass(frozen=True, slots=True)
class RecordedOutline:
    """The outline of a recorded mail: its size, and To as far as domains go."""

    size: int
    shown: Mapping[str, int]

    def all(self, name: str) -> list[bytes]:
        """Give addresses in To for each that was shown there; NotRecorded for other headers."""
        if name == "To":
            pairs = ((domain, n) for domain, count in self.shown.items() for n in range(count))
            return [f"x{n}@{domain}".encode() for domain, n in pairs]
        if name in {"Cc", "Resent-To", "Resent-Cc"}:
            return []
        raise NotRecorded(HEADERS)


@dataclass(frozen=True, slots=True)
class RecordedAttachment:
    """An attachment without its name."""

    part: int
    kind: str
    size: int
    state: State

    @property
    def names(self) -> tuple[str, ...]:
        """Never kept."""
        raise NotRecorded("the names of attachments, which are never kept")


class RecordedContent:
    """The attachments of a recorded mail."""

    def __init__(self, files: list[list[Any]]) -> None:
        self.attachments = tuple(
            RecordedAttachment(part, kind, size, State(state)) for part, kind, size, state in files
        )
