"""`agreement`: whether an information-sharing agreement covers the recipient today."""

from policies.conditions.base import Because, Condition, Reads, Scope, either
from policies.facts import Facts
from vault.address import Address

ANY = "any"


def agreement(value: list[str], scope: Scope) -> Condition:
    """Compile the agreements that count; one that has expired never does."""
    names = list(scope.agreements) if ANY in value else value
    wanted = [scope.agreements[name] for name in names]

    def test(facts: Facts, recipient: Address) -> Because | None:
        now = facts.knowledge.now
        for one in wanted:
            if one.covers(recipient, now):
                return Because(
                    f"The agreement {one.name} with {one.partner} covers the recipient "
                    f"until {one.expires}."
                )
        return None

    which = "an agreement" if ANY in value else f"the agreement {either(names)}"
    asks = f"{which} is in force that covers the recipient"
    return Condition(asks, Reads.ENVELOPE, test)
