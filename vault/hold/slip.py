"""The slip of a held mail: its envelope, why it is held, and what its sender has changed since.

Promises that it is only ever stored sealed, to the vault key, and opens for no other held mail.
Must never be kept longer than the content it belongs to.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vault.address import Address
from vault.keys.hpke import Opener, Sealer, binding
from vault.packages.facts import address_of

_SLIP = "hold slip"
_ANSWER = "hold answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What is to be known of a held mail besides its content.

    From when it came: `sender` (of the envelope), whether they were `authenticated`, `prefix`
    (header lines that go before a clear copy), `named` (addresses, folded, that its header shows to
    everybody), `message_id` and `answers`, `reasons`, sentences that quote nothing, and what the
    client `asked` for each recipient, by address, and for whoever may be added, as a queued row
    keeps it.
    From its sender since: `recipients`, a new `subject` (None: as it was), whether it is to be
    `sealed` for everybody outside, which addresses are `confirmed` as right, and a `note` for the
    approvers.
    """

    sender: Address
    authenticated: bool
    recipients: tuple[Address, ...]
    prefix: bytes = field(default=b"", repr=False)
    named: tuple[str, ...] = ()
    message_id: str = field(default="", repr=False)
    answers: tuple[str, ...] = field(default=(), repr=False)
    reasons: tuple[str, ...] = ()
    asked: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    asked_of_all: Mapping[str, str] = field(default_factory=dict, repr=False)
    subject: str | None = field(default=None, repr=False)
    sealed: bool = False
    confirmed: tuple[Address, ...] = ()
    note: str = field(default="", repr=False)

    def asked_for(self, recipient: Address) -> Mapping[str, str]:
        """Return what the client asked for a recipient, also for one it did not name."""
        return self.asked.get(str(recipient), self.asked_of_all)


def slip_binding(hold_id: str) -> bytes:
    """Return what the slip of a held mail is bound to."""
    return binding(_SLIP, hold_id)


def answer_binding(hold_id: str) -> bytes:
    """Return what an approver's answer is bound to."""
    return binding(_ANSWER, hold_id)


def seal_slip(slip: Slip, vault: Sealer, hold_id: str) -> bytes:
    """Seal for those who open packages."""
    written: dict[str, Any] = {
        "sender": str(slip.sender),
        "authenticated": slip.authenticated,
        "recipients": [str(recipient) for recipient in slip.recipients],
        "prefix": base64.b64encode(slip.prefix).decode(),
        "named": slip.named,
        "message_id": slip.message_id,
        "answers": slip.answers,
        "reasons": slip.reasons,
        "asked": {to: dict(fields) for to, fields in slip.asked.items()},
        "asked_of_all": dict(slip.asked_of_all),
        "subject": slip.subject,
        "sealed": slip.sealed,
        "confirmed": [str(address) for address in slip.confirmed],
        "note": slip.note,
    }
    return vault.seal(json.dumps(written).encode(), slip_binding(hold_id))


def open_slip(vault: Opener, sealed: bytes, hold_id: str) -> Slip:
    """Open what `seal_slip` made; raises Tampered."""
    read = json.loads(vault.open(sealed, slip_binding(hold_id)))
    return Slip(
        sender=address_of(read["sender"]),
        authenticated=read["authenticated"],
        recipients=tuple(map(address_of, read["recipients"])),
        prefix=base64.b64decode(read["prefix"]),
        named=tuple(read["named"]),
        message_id=read["message_id"],
        answers=tuple(read["answers"]),
        reasons=tuple(read["reasons"]),
        # absent in what was held before there were such things
        asked=read.get("asked", {}),
        asked_of_all=read.get("asked_of_all", {}),
        subject=read["subject"],
        sealed=read["sealed"],
        confirmed=tuple(map(address_of, read.get("confirmed", ()))),
        note=read["note"],
    )


def seal_answer(words: str, vault: Sealer, hold_id: str) -> bytes:
    """Seal what an approver says to the sender; it outlives the content."""
    return vault.seal(words.encode(), answer_binding(hold_id))


def open_answer(vault: Opener, sealed: bytes, hold_id: str) -> str:
    """Open what `seal_answer` made; raises Tampered."""
    return vault.open(sealed, answer_binding(hold_id)).decode()
