"""`attachment`: what one attachment is, what it is called, and what it holds.

Promises that kind and size are those of the content, that every name some program may show is
read, and that all tests are asked of the same attachment. What stands in a file inside another
belongs to the outermost one.
"""

import re
from collections.abc import Callable
from functools import partial
from operator import eq

from policies.conditions.base import Because, Condition, Reads, Scope, either
from policies.conditions.texts import IN_ATTACHMENTS, TextSearch
from policies.extraction.passages import Attachment, State
from policies.facts import Facts
from policies.language.quantities import say_size
from policies.language.schema import KIND_FAMILIES, AttachmentTest
from policies.text.view import normalise
from policies.text.words import Words
from vault.address import Address

Test = Callable[[Attachment], bool]


def attachment(value: AttachmentTest, scope: Scope) -> Condition:
    """Compile the tests of an attachment."""
    tests = [made for made in (part(value) for part in _PARTS) if made is not None]
    search = TextSearch.of(value, IN_ATTACHMENTS, scope)
    reads_text = bool(search.asks)
    said = [words for words, _test in tests]
    because = f"An attachment {' and '.join(said)}" if said else "An attachment"

    def test(facts: Facts, _recipient: Address) -> Because | None:
        parts = {
            one.part for one in facts.content.attachments if all(ask(one) for _words, ask in tests)
        }
        if not tests:  # text alone: a passage may stand in a part that is no file to anybody
            parts |= {passage.part for where in IN_ATTACHMENTS for passage in facts.prose(where)}
        if not reads_text:
            return Because(f"{because}.") if parts else None
        for part in sorted(parts):
            if found := search.ask(facts, partial(eq, part)):
                joined = " and " if said else " "
                return Because(f"{because}{joined}{found.text}.", found.found)
        return None

    asks = " and ".join([*said, *([search.asks] if reads_text else [])])
    return Condition(f"an attachment {asks}", Reads.INSIDE, test, search.sought)


Part = tuple[str, Test] | None


def _kind(value: AttachmentTest) -> Part:
    if not value.kind:
        return None
    families = (KIND_FAMILIES.get(word, (word.replace("_", " "),)) for word in value.kind)
    wanted = frozenset(kind for family in families for kind in family)
    return f"is of the kind {either(value.kind)}", lambda one: one.kind in wanted


def _extension(value: AttachmentTest) -> Part:
    if not value.extension:
        return None
    endings = tuple(f".{ending.lower().lstrip('.')}" for ending in value.extension)

    def test(one: Attachment) -> bool:
        # Windows drops dots and blanks at the end of a name.
        names = (normalise(name).normal.lower().rstrip(". ") for name in one.names)
        return any(name.endswith(endings) for name in names)

    return f"has a name that ends in {either(endings)}", test


def _name(value: AttachmentTest) -> Part:
    if not value.name_contains:
        return None
    # In names an underscore stands for a blank.
    wanted = Words(value.name_contains)

    def test(one: Attachment) -> bool:
        names = [re.sub(r"[_.]", " ", normalise(name).normal) for name in one.names]
        return wanted.in_any(names)

    return "has a name that contains one of the policy's words", test


def _size(value: AttachmentTest) -> Part:
    size = value.size_over
    if size is None:
        return None
    return f"is larger than {say_size(size)}", lambda one: one.size > size


def _encrypted(value: AttachmentTest) -> Part:
    wanted = value.encrypted
    if wanted is None:
        return None
    words = "is encrypted" if wanted else "is not encrypted"
    return words, lambda one: (one.state is State.ENCRYPTED) is wanted


def _unscannable(value: AttachmentTest) -> Part:
    wanted = value.unscannable
    if wanted is None:
        return None
    words = "could not be read" if wanted else "could be read"
    return words, lambda one: (one.state is not State.READ) is wanted


_PARTS = (_kind, _extension, _name, _size, _encrypted, _unscannable)
