"""Flags: how a sender says that a mail needs protection.

For rules with the condition `flag`. Promises that every duplicate of a header is read, in every
plausible reading, and that what is only half understood counts as a flag. Must never let a
header weaken protection, nor quote one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.language.schema import SENSITIVITIES, Settings
from policies.message.lifetime import EXPIRES, NOT_BEFORE, lifetime
from policies.message.subject import Readings, tag_pattern, word_pattern

__all__ = ["Flag", "FlagReader", "lifetime"]

PROTECT = "X-Sealgate-Protect"
_NO = frozenset({"", "0", "false", "no", "off"})
# RFC 2156 knows three values; "normal" is what some clients write instead of no header.
_NOT_SENSITIVE = frozenset({"", "none", "normal"})
_COMMENT = re.compile(r"\([^()]{0,200}\)")
_LABEL_FIELD = re.compile(r"msip_label_([0-9a-f-]{36})_(enabled|siteid)=([^;]*)")


@dataclass(frozen=True, slots=True)
class Flag:
    """One mark: its kind (a word of `schema.FLAG_KINDS`) and where it stands, in words."""

    kind: str
    where: str


class FlagReader:
    """Finds the flags that a policy's settings describe; compiled once, when it is loaded."""

    def __init__(self, settings: Settings) -> None:
        self._sensitivities = frozenset(settings.sensitivity)
        self._in_subject = [
            *(
                ("subject_tag", f"the tag [{tag}]", tag_pattern(tag))
                for tag in settings.subject_tags
            ),
            *(
                ("protective_marking", f"the marking {words}", word_pattern(words))
                for words in settings.protective_markings
            ),
        ]
        self._labels = {
            (label.tenant.lower(), label.label.lower()): label.called
            for label in settings.msip_labels
        }

    def flags(self, headers: Readings) -> tuple[Flag, ...]:
        """Return every flag on the mail, each once, in a fixed order."""
        finders = (self._sensitivity, self._subject, self._protect, self._sensitivity_labels)
        return tuple(dict.fromkeys(flag for find in finders for flag in find(headers)))

    def untagged(self, subject: str) -> str:
        """Return a subject without the tags that marked the mail, for those who read it."""
        for kind, _, pattern in self._in_subject:
            if kind == "subject_tag":
                subject = pattern.sub(" ", subject)
        return " ".join(subject.split())

    def _sensitivity(self, headers: Readings) -> Iterator[Flag]:
        for view in headers.of("sensitivity"):
            plain = _COMMENT.sub("", view.normal).casefold()
            value = "-".join(re.findall(r"[^\W_]+", plain))
            understood = value in SENSITIVITIES or value in _NOT_SENSITIVE
            if value in self._sensitivities or not understood:
                yield Flag("sensitivity", "the Sensitivity header")

    def _subject(self, headers: Readings) -> Iterator[Flag]:
        views = headers.of("subject") if self._in_subject else ()
        for kind, where, pattern in self._in_subject:
            if any(pattern.search(view.normal) for view in views):
                yield Flag(kind, f"{where} in the subject")

    def _protect(self, headers: Readings) -> Iterator[Flag]:
        for view in headers.of(PROTECT):
            if view.normal.strip().casefold() not in _NO:
                yield Flag("protect_header", f"the {PROTECT} header")
        # A sender who limits how long a mail may be opened expects it to be sealed.
        for name in (EXPIRES, NOT_BEFORE):
            if headers.outline.all(name):
                yield Flag("protect_header", f"the {name} header")

    def _sensitivity_labels(self, headers: Readings) -> Iterator[Flag]:
        if not self._labels:
            return
        facts: dict[tuple[str, str], set[str]] = {}
        # Several labels make the header longer than the text that `readings` looks at.
        texts = [raw.decode("latin-1") for raw in headers.outline.all("msip_labels")]
        texts += [view.normal for view in headers.of("msip_labels")]
        for text in texts:
            # Folding puts white space anywhere in the list; ids and values that count have none.
            for label, name, value in _LABEL_FIELD.findall("".join(text.lower().split())):
                facts.setdefault((label, name), set()).add(value)
        for (tenant, label), called in self._labels.items():
            enabled = "true" in facts.get((label, "enabled"), ())
            if enabled and tenant in facts.get((label, "siteid"), ()):
                yield Flag("sensitivity_label", f"the sensitivity label {called}")
