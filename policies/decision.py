"""The answer for one recipient, with every reason for it.

A decision is a value: it can be logged, stored, explained and compared. Promises that reasons
are plain English. Must never carry a matched value or any other piece of the mail.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from vault.address import Address


class Outcome(StrEnum):
    """What happens to a mail for one recipient, most protective first."""

    REFUSE = "refuse"
    HOLD = "hold"
    SEAL = "seal"
    RELAY = "relay"

    @property
    def protection(self) -> int:
        """Return how protective this is: the higher number wins when rules disagree."""
        return _PROTECTION[self]


NO_REASON_GIVEN = "the policy does not allow this message."
_PROTECTION = {Outcome.RELAY: 0, Outcome.SEAL: 1, Outcome.HOLD: 2, Outcome.REFUSE: 3}


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that fired and why; `line` is its line in the policy file, 0 for a built-in rule."""

    rule: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens to the mail for `recipient`.

    `because` holds every rule that fired, in file order, also those that were outvoted.
    `tell_sender` is set when the outcome is REFUSE. `expires_after` and `reply_allowed` mean
    something when it is SEAL; None leaves the expiry to the installation's default.
    """

    recipient: Address
    outcome: Outcome
    because: tuple[Reason, ...] = ()
    tell_sender: str = ""
    expires_after: timedelta | None = None
    reply_allowed: bool = True

    @property
    def told(self) -> str:
        """What the sender is told, without the words that say that nobody got it."""
        said = self.tell_sender.strip() or NO_REASON_GIVEN
        for opening in ("Not sent to anyone:", "Not sent:"):
            said = said.removeprefix(opening).lstrip()
        return said
