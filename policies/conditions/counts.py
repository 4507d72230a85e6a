"""`external_recipients`, `visible_recipients`, `visible_domains`: how many see the mail.

Promises to count the envelope where it says who gets the mail, and To and Cc where they say who
is shown to whom. A count is known only when the mail is complete.
"""

from collections.abc import Callable

from policies.conditions.base import Because, Condition, Reads, Scope, counted
from policies.facts import Facts
from policies.language.schema import CountTest
from vault.address import Address


def external_recipients(value: CountTest, _scope: Scope) -> Condition:
    """Compile a limit to the recipients outside."""
    return _more_than(value, _external, "the mail has {} outside the organisation", "recipient")


def visible_recipients(value: CountTest, _scope: Scope) -> Condition:
    """Compile a limit to the addresses outside that every recipient sees."""
    return _more_than(value, _shown_addresses, "To and Cc show {} outside", "address")


def visible_domains(value: CountTest, _scope: Scope) -> Condition:
    """Compile a limit to the domains outside that every recipient sees."""
    return _more_than(value, _shown_domains, "To and Cc show {} outside", "domain")


def _more_than(
    value: CountTest, count: Callable[[Facts], int], sentence: str, noun: str
) -> Condition:
    def test(facts: Facts, _recipient: Address) -> Because | None:
        found = count(facts)
        if found <= value.more_than:
            return None
        said = sentence.format(counted(found, noun).replace("addresss", "addresses"))
        return Because(f"{said[0].upper()}{said[1:]}.")

    asks = sentence.format(f"more than {counted(value.more_than, noun)}")
    return Condition(asks.replace("addresss", "addresses"), Reads.CONTENT, test)


def _external(facts: Facts) -> int:
    envelope = facts.envelope
    outside = {one.folded() for one in envelope.recipients if not envelope.is_internal(one)}
    return len(outside)


def _shown_addresses(facts: Facts) -> int:
    return len({address.folded() for address in shown_outside(facts)})


def _shown_domains(facts: Facts) -> int:
    return len({address.domain for address in shown_outside(facts)})


def shown_outside(facts: Facts) -> list[Address]:
    """List the addresses outside in To and Cc, of every such header."""
    return [address for address in facts.shown if not facts.envelope.is_internal(address)]
