"""`unreadable`: whether the mail could be inspected."""

from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from vault.address import Address


def unreadable(value: bool, _scope: Scope) -> Condition:
    """Compile the question whether anything could not be read."""
    can = "cannot" if value else "can"
    because = Because(f"The message {can} be fully inspected.")

    def test(facts: Facts, _recipient: Address) -> Because | None:
        return because if facts.unreadable is value else None

    return Condition(f"the message {can} be fully inspected", Reads.INSIDE, test)
