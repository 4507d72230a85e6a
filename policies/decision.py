"""The answer for one recipient, with every reason for it.

A decision is a value: it can be logged, stored, explained and compared. Promises that reasons
are plain English. Must never carry a matched value or any other piece of the mail.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from policies.terms import (
    ANY_WAY,
    FOR_THE_SENDER,
    NOTHING_SAID,
    UNCHANGED,
    Changes,
    HoldTerms,
    Note,
    RelayTerms,
    SealTerms,
)
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

    `because` holds every rule that fired, in file order, also those that were outvoted; `shadow`
    those that would have, if they did more than record.
    `tell_sender` is set when the outcome is REFUSE or HOLD, and `stopped_by` then holds a sentence
    for each rule that says so. `hold` means something when it is HOLD, `relay` and `changes` when
    it is RELAY, `seal` when it is SEAL or when RELAY cannot be had as `relay` asks; an expiry of
    None is left to the installation's default. `notes` are for the sender of mail that is not
    refused.
    """

    recipient: Address
    outcome: Outcome
    because: tuple[Reason, ...] = ()
    shadow: tuple[Reason, ...] = ()
    tell_sender: str = ""
    stopped_by: tuple[str, ...] = ()
    hold: HoldTerms = FOR_THE_SENDER
    seal: SealTerms = NOTHING_SAID
    relay: RelayTerms = ANY_WAY
    changes: Changes = UNCHANGED
    notes: tuple[Note, ...] = ()

    @property
    def expires_after(self) -> timedelta | None:
        """How long a sealed mail may be opened."""
        return self.seal.expires_after

    @property
    def reply_allowed(self) -> bool:
        """Whether a sealed mail may be answered."""
        return self.seal.replies is not False

    @property
    def is_kept(self) -> bool:
        """Whether the mail as it was written is sealed: also beside a copy that hides much."""
        hidden = self.outcome is Outcome.RELAY and self.changes.neutral_subject
        return hidden or self.outcome is Outcome.SEAL

    def words(self) -> Iterator[str]:
        """Name the terms that hold, in plain English, for traces."""
        if self.outcome is Outcome.HOLD:
            yield from self.hold.words()
        elif self.outcome is Outcome.SEAL:
            whole = replace(self.seal, replies=self.reply_allowed)
            yield from whole.words()
            if whole.expires_after is None:
                yield "expires as installed"
        elif self.outcome is Outcome.RELAY:
            yield from self.relay.words()
            yield from self.changes.words()

    @property
    def told(self) -> str:
        """What the sender is told, without the words that say that nobody got it."""
        return without_opening(self.tell_sender) or NO_REASON_GIVEN


def without_opening(sentence: str) -> str:
    """Return a sentence for the sender without the words that say that nobody got the mail.

    Where they are read, in a reply, a letter or on a page, that stands before them already.
    """
    said = sentence.strip()
    for opening in ("Not sent to anyone:", "Not sent:", "Waiting for you:"):
        said = said.removeprefix(opening).lstrip()
    return said
