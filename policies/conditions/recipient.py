"""`recipient`: tests of the address in RCPT TO."""

from policies.conditions.addresses import address_test
from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from policies.language.schema import AddressTest
from vault.address import Address


def recipient(value: AddressTest, scope: Scope) -> Condition:
    """Compile the tests of the recipient."""
    passes, words = address_test(value, scope)
    because = Because(f"The recipient's address is {words}.")

    def test(_facts: Facts, recipient: Address) -> Because | None:
        return because if passes(recipient) else None

    return Condition(f"the recipient's address is {words}", Reads.ENVELOPE, test)
