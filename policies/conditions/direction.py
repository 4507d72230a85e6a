"""`direction`: whether the recipient is one of us, a partner, or anybody else."""

from policies.conditions.base import Because, Condition, Reads, Scope, either
from policies.facts import Facts
from vault.address import Address

_SIDES = {
    "internal": "inside the organisation",
    "partner": "at a partner organisation",
    "external": "outside the organisation",
}


def direction(value: list[str], scope: Scope) -> Condition:
    """Compile the sides of the fence that the recipient may be on."""

    def side_of(facts: Facts, recipient: Address) -> str:
        if facts.envelope.is_internal(recipient):
            return "internal"
        return "partner" if scope.is_partner(recipient) else "external"

    def test(facts: Facts, recipient: Address) -> Because | None:
        side = side_of(facts, recipient)
        return Because(f"The recipient is {_SIDES[side]}.") if side in value else None

    asks = f"the recipient is {either([_SIDES[side] for side in value])}"
    return Condition(asks, Reads.ENVELOPE, test)
