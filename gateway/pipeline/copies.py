"""The clear copies of a mail: who gets which, over which way, changed how.

Recipients whose copies are alike are sent to together. Promises that what a copy needs of its way,
and how it differs from the mail, travels with it into the outbox. Must never hold content but what
an edit adds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.relay.routes import Way
from policies.changes.plan import Plan
from policies.changes.splice import to_text
from policies.decision import Decision, Outcome
from policies.terms import Changes, RelayTerms
from vault.address import Address

AS_IT_IS = Plan()
Form = tuple[RelayTerms, Changes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One form of the clear copy, and everyone who gets it."""

    recipients: tuple[Address, ...]
    terms: RelayTerms
    plan: Plan = field(default=AS_IT_IS, repr=False)

    @property
    def way(self) -> Way:
        """The way that the policy asks for."""
        return way_of(self.terms)

    def fields(self) -> dict[str, str]:
        """Return what the deliverer is to know of the copy."""
        edits = {"edits": to_text(self.plan.edits)} if self.plan.edits else {}
        return {**self.terms.fields(), **edits}


def way_of(terms: RelayTerms) -> Way:
    """Return the way that the policy asks for."""
    return Way.of(terms.fields())


def copies_for(decisions: Iterable[Decision], plans: Mapping[Changes, Plan]) -> tuple[Copy, ...]:
    """Return the copies of a mail, in the order in which their first recipients stand."""
    return tuple(
        Copy(recipients=tuple(recipients), terms=terms, plan=plans.get(changes, AS_IT_IS))
        for (terms, changes), recipients in _alike(decisions).items()
    )


def _alike(decisions: Iterable[Decision]) -> dict[Form, list[Address]]:
    forms: dict[Form, list[Address]] = {}
    for one in decisions:
        if one.outcome is Outcome.RELAY:
            forms.setdefault((one.relay, one.changes), []).append(one.recipient)
    return forms
