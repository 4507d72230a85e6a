"""`flag`: how the sender marked the mail."""

from policies.conditions.base import Because, Condition, Reads, Scope, listing
from policies.facts import Facts
from policies.language.schema import FLAG_KINDS
from vault.address import Address


def flag(value: list[str], _scope: Scope) -> Condition:
    """Compile the kinds of mark that count."""
    kinds = frozenset(FLAG_KINDS if "any" in value else value)

    def test(facts: Facts, _recipient: Address) -> Because | None:
        marks = [mark.where for mark in facts.flags if mark.kind in kinds]
        return Because(f"The sender marked it: {listing(marks)}.") if marks else None

    return Condition("the sender marked the mail", Reads.CONTENT, test)
