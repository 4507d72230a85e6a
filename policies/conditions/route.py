"""`route`: how the mail would travel to the recipient."""

from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from policies.language.schema import RouteTest
from vault.address import Address


def route(_value: RouteTest, _scope: Scope) -> Condition:
    """Compile the one property of a route that there is. Asked once the mail is complete."""
    because = Because("Mail to the recipient's domain travels by verified TLS.")

    def test(facts: Facts, recipient: Address) -> Because | None:
        return because if facts.knowledge.tls_verified(recipient.domain) else None

    asks = "mail to the recipient's domain travels by verified TLS"
    return Condition(asks, Reads.CONTENT, test)
