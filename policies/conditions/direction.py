"""`direction`: whether the recipient is one of us."""

from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from vault.address import Address


def direction(value: str, _scope: Scope) -> Condition:
    """Compile the side of the fence that the recipient is on."""
    internal = value == "internal"
    side = "inside" if internal else "outside"
    because = Because(f"The recipient is {side} the organisation.")

    def test(facts: Facts, recipient: Address) -> Because | None:
        return because if facts.envelope.is_internal(recipient) is internal else None

    return Condition(f"the recipient is {side} the organisation", Reads.ENVELOPE, test)
