"""`sender`: tests of the address in MAIL FROM."""

from policies.conditions.addresses import address_test
from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from policies.language.schema import AddressTest
from vault.address import Address


def sender(value: AddressTest, scope: Scope) -> Condition:
    """Compile the tests of the sender."""
    passes, words = address_test(value, scope)
    because = Because(f"The sender's address is {words}.")

    def test(facts: Facts, _recipient: Address) -> Because | None:
        sender = facts.envelope.sender
        return because if sender is not None and passes(sender) else None

    return Condition(f"the sender's address is {words}", Reads.ENVELOPE, test)
