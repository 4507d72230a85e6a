"""The subject of a mail in every form in which a recipient might see it.

For conditions and flags that read the subject. Promises to look at every duplicate header and
at every plausible decoding, because mail clients differ in which one they show; Outlook also
copies the subject into `Thread-Topic`. Must never pick one reading and trust it.
"""

import re

from policies.message.mime import Outline
from policies.text.view import View, decode_header, normalise

SUBJECT_HEADERS = ("subject", "thread-topic")


class Readings:
    """The headers of one mail, each decoded and normalised at most once."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self._views: dict[str, tuple[View, ...]] = {}

    def of(self, *names: str) -> tuple[View, ...]:
        """Return every distinct reading of the named headers, name by name, in message order."""
        views = (view for name in names for view in self._of_one(name.lower()))
        return tuple({view.normal: view for view in views}.values())

    def _of_one(self, name: str) -> tuple[View, ...]:
        if name not in self._views:
            texts = (text for raw in self.outline.all(name) for text in decode_header(raw))
            self._views[name] = tuple(normalise(text) for text in dict.fromkeys(texts))
        return self._views[name]


def word_pattern(words: str) -> re.Pattern[str]:
    """Return a pattern for words standing alone in normalised text.

    Words in capitals are matched in capitals only, so that CONFIDENTIAL marks a mail and
    "confidential waste" does not. Spaces and hyphens match each other and any run of them.
    Linear: bounded runs between literals.
    """
    pieces = [re.escape(piece) for piece in re.split(r"[\s-]+", words.strip()) if piece]
    pattern = r"(?<!\w)" + r"[\s\-_]{1,8}".join(pieces) + r"(?!\w)"
    return re.compile(pattern, 0 if words.isupper() else re.IGNORECASE)


def tag_pattern(tag: str) -> re.Pattern[str]:
    """Return a pattern for a word in square brackets, in any case: "[ Secure ]"."""
    inner = r"\s{1,8}".join(re.escape(piece) for piece in tag.split())
    return re.compile(r"\[\s{0,8}" + inner + r"\s{0,8}\]", re.IGNORECASE)
