"""What a deposit is: a mail to be kept, for whom, and the receipt that it is.

For whoever accepts mail; `packages.depositing` keeps it. Must never show a subject, a name or a
file name when it is printed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vault.address import Address
from vault.contents.spool import Spool
from vault.origin import Origin
from vault.packages.facts import Summary
from vault.packages.restrictions import FREE, Restrictions
from vault.trail.audit import NOWHERE, Act

__all__ = ["Deposit", "GrantFor", "Happened", "Queued", "Receipt", "Restrictions", "Summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFor:
    """A recipient of a package. `visible=False` is a Bcc: never shown to other recipients.

    `how` goes with the notice, in words of the gateway's own. `reports` says whether the author
    wants to be told of a notice that comes back.
    """

    address: Address
    notify: bool = True
    visible: bool = True
    how: Mapping[str, str] = field(default_factory=dict, repr=False)
    reports: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """Clear copies to relay later: `prefix` goes before the message, `dropped` headers go.

    A `return_path` of None is the null reverse-path: nobody is told of a failure. `how` is what the
    deliverer is to know of a recipient's copy, in words of the gateway's own.
    """

    recipients: tuple[Address, ...]
    prefix: bytes = field(default=b"", repr=False)
    return_path: Address | None = None
    dropped: tuple[bytes, ...] = (b"bcc", b"resent-bcc")
    how: Mapping[Address, Mapping[str, str]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that befell one recipient's copy before the deposit, for the audit."""

    act: Act
    recipient: Address
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A mail to keep. `spool` is finished; `owner`, who manages it, is the author unless given.

    `answers` are the Message-IDs it answers: it joins their conversation if its author or one of
    its recipients already takes part. `conversation` names one outright. A `reference` is given
    only to a mail that has one already: one that was held. `wrote_as` is the address under which
    the sender's history knows of the mail; None keeps it out of there. `found` counts the different
    values that detectors found, by detector.
    """

    spool: Spool
    author: Address
    owner: Address | None = None
    grants: tuple[GrantFor, ...] = ()
    queued: Queued | None = None
    restrictions: Restrictions = FREE
    summary: Summary = field(default=Summary(), repr=False)
    message_id: str = field(default="", repr=False)
    answers: tuple[str, ...] = field(default=(), repr=False)
    conversation: str | None = None
    because: tuple[str, ...] = ()
    found: Mapping[str, int] = field(default_factory=dict)
    happened: tuple[Happened, ...] = ()
    policy: str = ""
    origin: Origin = NOWHERE
    reference: str = ""
    wrote_as: Address | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the mail is kept. `package_id` is None when there were only clear copies to queue."""

    reference: str
    package_id: str | None
    duplicate: bool
