"""`header`: what a header field of the mail holds, in every reading."""

from policies.conditions.base import Because, Condition, Reads, Scope
from policies.facts import Facts
from policies.language.schema import HeaderTest
from policies.message.subject import word_pattern
from vault.address import Address


def header(value: HeaderTest, _scope: Scope) -> Condition:
    """Compile the test of a header field; without words it need only be there."""
    patterns = [word_pattern(words) for words in value.contains or ()]
    if patterns:
        because = Because(f"The header {value.name} contains a word that the policy names.")
        asks = f"the header {value.name} contains one of the policy's words"
    else:
        because = Because(f"The mail has the header {value.name}.")
        asks = f"the mail has the header {value.name}"

    def test(facts: Facts, _recipient: Address) -> Because | None:
        if not patterns:
            return because if facts.outline.all(value.name) else None
        texts = [view.normal for view in facts.headers.of(value.name)]
        found = any(pattern.search(text) for pattern in patterns for text in texts)
        return because if found else None

    return Condition(asks, Reads.CONTENT, test)
