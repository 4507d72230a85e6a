"""`size_over`: how large the mail is."""

from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from policies.language.quantities import say_size
from vault.address import Address


def size_over(value: int, _scope: Scope) -> Condition:
    """Compile a size, in bytes of the mail as it is sent, attachments encoded."""
    because = Because(f"The mail is larger than {say_size(value)}.")

    def test(facts: Facts, _recipient: Address) -> Because | None:
        return because if facts.outline.size > value else None

    return Condition(f"the mail is larger than {say_size(value)}", Reads.CONTENT, test)
