"""`marking`: how high the protective marking of the mail is."""

from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from policies.language.schema import MarkingTest
from policies.message.marking import LEVELS
from vault.address import Address


def marking(value: MarkingTest, _scope: Scope) -> Condition:
    """Compile the lowest marking that counts."""
    lowest = LEVELS[value.at_least]

    def test(facts: Facts, _recipient: Address) -> Because | None:
        found = facts.marking
        if found is None or found.level < lowest:
            return None
        return Because(f"The mail is marked {found.level.words} {found.where}.")

    return Condition(f"the mail is marked {value.at_least} or higher", Reads.INSIDE, test)
