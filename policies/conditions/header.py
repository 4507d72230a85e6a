"""`header`: what a header field of the mail holds, in every reading."""

from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from policies.language.schema import HeaderTest
from policies.text.words import Words
from vault.address import Address


def header(value: HeaderTest, _scope: Scope) -> Condition:
    """Compile the test of a header field; without words it need only be there."""
    words = Words(value.contains or ())
    if words:
        because = Because(f"The header {value.name} contains a word that the policy names.")
        asks = f"the header {value.name} contains one of the policy's words"
    else:
        because = Because(f"The mail has the header {value.name}.")
        asks = f"the mail has the header {value.name}"

    def test(facts: Facts, _recipient: Address) -> Because | None:
        if not words:
            return because if facts.outline.all(value.name) else None
        texts = [view.normal for view in facts.headers.of(value.name)]
        return because if words.in_any(texts) else None

    return Condition(asks, Reads.CONTENT, test)
