"""What is known of one mail, read lazily.

For conditions. The envelope and the outline are at hand; readings of headers, flags and findings
are worked out when a rule first asks, once for the mail. Promises that a question about the
message which comes before there is one is an error, never an answer; and that no text is searched
for what no rule names.
"""

from collections.abc import Mapping
from functools import cached_property

from policies import findings
from policies.detectors import Detector, Finding
from policies.detectors.scan import Patience
from policies.envelope import Envelope
from policies.extraction.passages import Content, Passage, Where
from policies.findings import Found
from policies.knowledge import NOTHING_KNOWN, Knowledge
from policies.message.flags import Flag, FlagReader
from policies.message.marking import Marking, highest_marking
from policies.message.mime import Outline
from policies.message.subject import SUBJECT_HEADERS, Readings
from policies.text import charsets
from policies.text.prose import prose
from policies.text.view import View
from vault.address import Address, header_addresses

SHOWN = ("To", "Cc", "Resent-To", "Resent-Cc")
NOTHING_READ = Content()
SECONDS = 5.0
"""CPU time for searching the texts of one mail; what takes longer counts as not inspected."""

Searched = Mapping[Where, tuple[Detector, ...]]
"""The detectors that some rule asks about the texts in each place."""


class Facts:
    """What is known of one mail; the content is read at most once, and only if a rule asks."""

    def __init__(
        self,
        envelope: Envelope,
        outline: Outline | None,
        reader: FlagReader,
        content: Content = NOTHING_READ,
        knowledge: Knowledge = NOTHING_KNOWN,
        searched: Searched | None = None,
    ) -> None:
        self.envelope = envelope
        self.content = content
        self.knowledge = knowledge
        self._outline = outline
        self._reader = reader
        self._searched = searched or {}
        self._found: dict[Where, tuple[Found, ...]] = {}
        self._prose: dict[Where, tuple[Passage, ...]] = {}
        self._patience: Patience | None = None

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
    def shown(self) -> tuple[Address, ...]:
        """The addresses that To and Cc show to every recipient."""
        texts = (charsets.undeclared(raw)[0] for name in SHOWN for raw in self.outline.all(name))
        return tuple(address for text in texts for _name, address in header_addresses(text))

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """Every flag the sender set."""
        return self._reader.flags(self.headers)

    @cached_property
    def marking(self) -> Marking | None:
        """The highest protective marking on the mail."""
        texts = [one.text for where in (Where.BODY, Where.ATTACHMENT) for one in self.prose(where)]
        return highest_marking(self.headers, texts)

    @property
    def unreadable(self) -> bool:
        """Whether any part of the mail, an attachment or the subject could not be inspected.

        It may turn out so late, when a search takes too long; the engine asks after all rules.
        """
        given_up = self._patience is not None and self._patience.ended
        return self.damaged or self.content.unread or given_up

    @cached_property
    def damaged(self) -> bool:
        """Whether the shape of the mail, or its subject, could not be inspected."""
        return bool(self.outline.problems) or any(view.cut for view in self.subjects)

    @property
    def looked_at(self) -> Mapping[Where, tuple[Found, ...]]:
        """What was found where something was looked for so far."""
        return self._found

    @property
    def kinds(self) -> dict[str, int]:
        """How many different values of each kind were found so far, by detector."""
        return findings.kinds(one for found in self._found.values() for one in found)

    @property
    def asked_marking(self) -> bool:
        """Whether somebody has asked for the protective marking so far."""
        return "marking" in self.__dict__

    def findings(self, where: Where) -> tuple[Finding, ...]:
        """Return what the detectors that some rule names find there."""
        return tuple(found.finding for found in self.found(where))

    def found(self, where: Where) -> tuple[Found, ...]:
        """Return the same with the part it stands in, and which values are equal."""
        if where not in self._found:
            detectors = self._searched.get(where, ())
            self._patience = self._patience or Patience(SECONDS)
            found = [*findings.in_passages(self._passages(where), detectors, self._patience)]
            if where is Where.SUBJECT:
                found = [*findings.in_views(self.subjects, detectors), *found]
            self._found[where] = tuple(found)
        return self._found[where]

    def prose(self, where: Where) -> tuple[Passage, ...]:
        """Return the texts there in normal form, for words."""
        if where not in self._prose:
            texts = [Passage(one.where, prose(one.text), one.part) for one in self._passages(where)]
            if where is Where.SUBJECT:
                texts += [Passage(where, view.normal, -1) for view in self.subjects]
            self._prose[where] = tuple(dict.fromkeys(texts))
        return self._prose[where]

    def _passages(self, where: Where) -> list[Passage]:
        """List the passages there; what a header's readings have told is left out."""
        found = [one for one in self.content.passages if one.where is where]
        if where is not Where.SUBJECT:
            return found
        known = {view.original for view in self.subjects}
        return [one for one in found if one.text not in known]
