"""`subject`: what the subject holds, in every form in which a recipient might see it."""

import re
from collections.abc import Iterable

from policies.conditions.base import Because, Condition, Reads, Scope, either, listing
from policies.detectors import DETECTORS
from policies.facts import Facts
from policies.language.schema import SubjectTest
from policies.message.subject import word_pattern
from policies.text.view import View
from vault.address import Address


def subject(value: SubjectTest, _scope: Scope) -> Condition:
    """Compile the tests of the subject."""
    detectors = tuple(value.finds or ())
    patterns = [word_pattern(words) for words in value.contains or ()]
    asks = []
    if detectors:
        asks.append(f"seems to contain {either([DETECTORS[d].label for d in detectors])}")
    if patterns:
        asks.append("contains one of the policy's words")

    def test(facts: Facts, _recipient: Address) -> Because | None:
        found = tuple(DETECTORS[d].label for d in detectors if facts.subject_has(d))
        if detectors and not found:
            return None
        if patterns and not _contains(facts.subjects, patterns):
            return None
        texts = [f"seems to contain {listing(found)}"] if found else []
        texts += ["contains a word that the policy names"] if patterns else []
        return Because(f"The subject {' and '.join(texts)}.", found)

    return Condition(f"the subject {' and '.join(asks)}", Reads.CONTENT, test)


def _contains(views: Iterable[View], patterns: Iterable[re.Pattern[str]]) -> bool:
    texts = [view.normal for view in views]
    return any(pattern.search(text) for pattern in patterns for text in texts)
