"""The envelope of a mail in the form in which it goes over the wire.

Promises that every word of it was checked before a server hears any. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.relay import commands
from gateway.relay.answers import Answer
from gateway.relay.letter import Letter
from vault.address import Address

NO_MAILBOX = Answer(553, "5.1.3", "This address cannot be mailed to")
NO_SENDER = Answer(553, "5.1.7", "The sender's address cannot be written into SMTP")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Paths in angle brackets: the sender's, and one for each recipient that may be written."""

    sender: str
    paths: dict[Address, str]

    @classmethod
    def of(cls, letter: Letter, answers: dict[Address, Answer]) -> "Envelope":
        """Write out everything before anything is sent; answer for what cannot be written."""
        paths: dict[Address, str] = {}
        for recipient in letter.recipients:
            try:
                paths[recipient] = commands.path(recipient)
                if asked := letter.asked_for.get(recipient):
                    commands.command("RCPT", *asked.dsn)
            except commands.UnsafeCommandError:
                paths.pop(recipient, None)
                answers[recipient] = NO_MAILBOX
        try:
            commands.command("MAIL", *letter.asked.dsn)
            return cls(commands.path(letter.return_path), paths)
        except commands.UnsafeCommandError:
            answers.update(dict.fromkeys(paths, NO_SENDER))
            return cls("", {})

    def only(self, recipients: Iterable[Address]) -> "Envelope":
        """Return the same envelope for some of its recipients."""
        return Envelope(self.sender, {one: self.paths[one] for one in recipients})
