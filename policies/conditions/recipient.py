"""`recipient`: tests of the address in RCPT TO, and of what the sender's past says about it."""

from policies.conditions.addresses import address_test
from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from policies.language.schema import RecipientTest
from policies.likeness import near_miss
from vault.address import Address


def recipient(value: RecipientTest, scope: Scope) -> Condition:
    """Compile the tests of the recipient.

    What the sender's past says is asked once the mail is complete: only then is the past at hand.
    """
    passes, words = address_test(value, scope)
    said = [f"the recipient's address is {words}"] if words else []
    if value.first_time is not None:
        has = "has not" if value.first_time else "has"
        said.append(f"the sender {has} written to the recipient before")
    if value.near_miss is not None:
        looks = "looks" if value.near_miss else "does not look"
        said.append(f"the recipient's address {looks} like one often written to, or one of ours")
    asks = ", and ".join(said)
    because = Because(f"{asks[:1].upper()}{asks[1:]}.")

    def test(facts: Facts, recipient: Address) -> Because | None:
        if not passes(recipient):
            return None
        if value.first_time is not None and _is_first(facts, recipient) is not value.first_time:
            return None
        if value.near_miss is not None and _is_miss(facts, recipient) is not value.near_miss:
            return None
        return because

    past = value.first_time is not None or value.near_miss is not None
    reads = Reads.CONTENT if past else Reads.ENVELOPE
    return Condition(asks, reads, test)


def _is_first(facts: Facts, recipient: Address) -> bool:
    """Tell of a sender who never wrote there. Nobody sends delivery reports: no past, no first."""
    sender = facts.envelope.sender
    return sender is not None and not facts.knowledge.has_sent_to(sender, recipient)


def _is_miss(facts: Facts, recipient: Address) -> bool:
    sender = facts.envelope.sender
    often = facts.knowledge.frequent_recipients(sender) if sender is not None else ()
    return near_miss(recipient, often, facts.envelope.own_domains)
