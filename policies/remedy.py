"""What people have done about a held mail, for the engine that decides about it again.

For the page of a held mail. Promises that a remedy lifts what holds a mail, rule by rule, and never
what refuses it or seals it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.conditions import listing
from policies.decision import Decision, Outcome
from policies.terms import HoldTerms, named_by_all
from vault.address import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Whether the sender has it sealed for everybody outside, and who approves of it, if anybody.

    `confirmed` are the addresses that the sender says are right. What is mended in the mail itself
    needs no remedy: the engine reads the mended mail.
    """

    sealed: bool = False
    approver: Address | None = None
    confirmed: tuple[Address, ...] = ()

    def lifts(self, terms: HoldTerms, recipient: Address, *, external: bool) -> bool:
        """Say whether a rule that holds a recipient's copy with these terms holds it no more."""
        if self.sealed and external and terms.seal_instead:
            return True
        if terms.confirm and recipient in self.confirmed:
            return True
        who = self.approver
        return who is not None and who.folded() in {one.folded() for one in terms.approvers}


NO_REMEDY = Remedy()


def sentences(decisions: Sequence[Decision]) -> tuple[str, ...]:
    """Return why a mail may not go, once for each reason, naming recipients if others could."""
    reasons: dict[str, list[str]] = {}
    for one in decisions:
        for why in one.stopped_by:
            reasons.setdefault(why[:1].upper() + why[1:], []).append(str(one.recipient))
    everybody = len(decisions)
    return tuple(
        why if len(names) == everybody else f"{listing(names)}: {why}"
        for why, names in reasons.items()
    )


def approvers_for(decisions: Iterable[Decision]) -> tuple[Address, ...]:
    """Return who could bring a held mail on its way alone; nobody, if somebody is refused."""
    stopped = [one for one in decisions if one.outcome in {Outcome.HOLD, Outcome.REFUSE}]
    if any(one.outcome is Outcome.REFUSE for one in stopped):
        return ()
    return named_by_all([one.hold.approvers for one in stopped])
