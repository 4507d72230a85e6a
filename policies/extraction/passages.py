"""What extraction found: passages of text, attachments, and what could not be read.

For detectors and conditions. Promises plain frozen values that can be compared and passed between
processes. Must never call readable what was not read: doubt is a state or a problem.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

HEADER = -1
"""The part of a passage that stands in the headers of the mail itself."""


class Where(StrEnum):
    """Where a passage stands, in the words of a policy."""

    SUBJECT = "subject"
    BODY = "body"
    ATTACHMENT_NAME = "attachment_name"
    ATTACHMENT = "attachment"


class State(StrEnum):
    """What became of an attachment."""

    READ = "read"
    ENCRYPTED = "encrypted"
    UNSCANNABLE = "unscannable"


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that somebody may see. `part` is its place in `Outline.parts`, or HEADER.

    Where readers differ, each reading is a passage of its own.
    """

    where: Where
    text: str
    part: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in the mail, or inside another file of it: then `part` is that of the outermost one.

    `names` holds every name some program may show, `declared` the media type that the mail claims,
    `kind` what its content shows it to be ("docx", "zip", "image", "unknown"), `size` its bytes.
    """

    part: int
    names: tuple[str, ...]
    declared: str
    kind: str
    size: int
    state: State = State.READ


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, beyond its subject. `Content()` means that nothing was looked at.

    `problems` are sentences in plain English without a word of the mail; where there is one,
    something in the mail was not read.
    """

    passages: tuple[Passage, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def unread(self) -> bool:
        """Whether anything in the mail could not be read, encrypted attachments among it."""
        return bool(self.problems) or any(one.state is not State.READ for one in self.attachments)

    def texts(self, where: Where) -> Iterator[str]:
        """Yield every text that stands there, in the order of the mail."""
        return (passage.text for passage in self.passages if passage.where is where)
