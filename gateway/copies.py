"""The clear copies of a mail: who gets which, over which way, changed how.

Recipients whose copies are alike are sent to together. Promises that what a copy needs of its way
travels with it into the outbox. Must never hold content: edits name places.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.relay.routes import ANY_WAY, Way
from gateway.relay.settings import TlsMode
from policies.decision import Decision, Outcome
from policies.terms import Changes, RelayTerms
from vault.address import Address

Form = tuple[RelayTerms, Changes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One form of the clear copy, and everyone who gets it."""

    recipients: tuple[Address, ...]
    way: Way = ANY_WAY

    def fields(self) -> dict[str, str]:
        """Return what the deliverer is to know of the copy."""
        return self.way.fields()


def way_of(terms: RelayTerms) -> Way:
    """Return the way that the policy asks for."""
    return Way(terms.route or "", TlsMode(terms.tls.value) if terms.tls else TlsMode.NONE)


def copies_for(decisions: Iterable[Decision]) -> tuple[Copy, ...]:
    """Return the copies of a mail, in the order in which their first recipients stand."""
    return tuple(
        Copy(recipients=tuple(recipients), way=way_of(relay))
        for (relay, _), recipients in _alike(decisions).items()
    )


def _alike(decisions: Iterable[Decision]) -> dict[Form, list[Address]]:
    forms: dict[Form, list[Address]] = {}
    for one in decisions:
        if one.outcome is Outcome.RELAY:
            forms.setdefault((one.relay, one.changes), []).append(one.recipient)
    return forms
