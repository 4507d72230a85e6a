"""What is known of one mail, read lazily.

For conditions. The envelope and the outline are at hand; readings of headers, flags and findings
are worked out when a rule first asks, once for the mail. Promises that a question about the
message which comes before there is one is an error, never an answer.
"""

from functools import cached_property

from policies.detectors import DETECTORS
from policies.envelope import Envelope
from policies.extraction.passages import Content
from policies.knowledge import NOTHING_KNOWN, Knowledge
from policies.message.flags import Flag, FlagReader
from policies.message.mime import Outline
from policies.message.subject import SUBJECT_HEADERS, Readings
from policies.text.view import View

NOTHING_READ = Content()


class Facts:
    """What is known of one mail; the content is read at most once, and only if a rule asks."""

    def __init__(
        self,
        envelope: Envelope,
        outline: Outline | None,
        reader: FlagReader,
        content: Content = NOTHING_READ,
        knowledge: Knowledge = NOTHING_KNOWN,
    ) -> None:
        self.envelope = envelope
        self.content = content
        self.knowledge = knowledge
        self._outline = outline
        self._reader = reader
        self._found: dict[str, bool] = {}

    @property
    def outline(self) -> Outline:
        """The message. Raises LookupError if it has not been received yet."""
        if self._outline is None:
            raise LookupError("a condition about the content was asked before DATA")
        return self._outline

    @cached_property
    def headers(self) -> Readings:
        """Every reading of every header."""
        return Readings(self.outline)

    @cached_property
    def subjects(self) -> tuple[View, ...]:
        """Every reading of every subject."""
        return self.headers.of(*SUBJECT_HEADERS)

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """Every flag the sender set."""
        return self._reader.flags(self.headers)

    @cached_property
    def unreadable(self) -> bool:
        """Whether any part of the mail, an attachment or the subject could not be inspected."""
        cut = any(view.cut for view in self.subjects)
        return cut or bool(self.outline.problems) or self.content.unread

    def subject_has(self, detector: str) -> bool:
        """Say whether a detector finds anything in any reading of any subject."""
        if detector not in self._found:
            find = DETECTORS[detector].find
            self._found[detector] = any(find(view) for view in self.subjects)
        return self._found[detector]
