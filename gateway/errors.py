"""What can go wrong at the SMTP door.

    GatewayError
      BackendDownError    a place that knows users cannot tell now who somebody is
      NotInstalledError   a section of the settings needs an extra that is not installed
      RefusedError        a command or a mail is not taken; carries the reply that says so
      ClientGoneError     the client hung up, or was too slow, in the middle of a mail

Errors of the safe (`vault.errors`) pass through; `gateway.smtp.replies.for_error` has the replies.
"""

from gateway.smtp.replies import Reply
from vault import extras
from vault.address import Address


class GatewayError(Exception):
    """The root of everything raised by the gateway itself."""


class RefusedError(GatewayError):
    """A command or a mail is not taken.

    If the policy says so, `rules` names its rules, `policy` is its digest, and `recipients` are
    those whom it refuses.
    """

    def __init__(
        self,
        reply: Reply,
        rules: tuple[str, ...] = (),
        policy: str = "",
        recipients: tuple[Address, ...] = (),
    ) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.rules = rules
        self.policy = policy
        self.recipients = recipients


class BackendDownError(GatewayError):
    """A directory or an issuer cannot be asked; the text is its name. Trying again may help."""


class NotInstalledError(GatewayError):
    """A section of the settings needs an optional part of Sealgate."""

    def __init__(self, section: str, extra: str) -> None:
        super().__init__(
            f"the section {section} of the settings needs a part that is not installed here: "
            + extras.command(extra)
        )


class ClientGoneError(GatewayError):
    """The client left before the end of its mail; nothing was kept."""
