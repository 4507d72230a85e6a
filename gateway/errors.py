"""What can go wrong at the SMTP door.

    GatewayError
      RefusedError        a command or a mail is not taken; carries the reply that says so
      ClientGoneError     the client hung up, or was too slow, in the middle of a mail

Errors of the safe (`vault.errors`) pass through; `gateway.smtp.replies.for_error` has the replies.
"""

from gateway.smtp.replies import Reply
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


class ClientGoneError(GatewayError):
    """The client left before the end of its mail; nothing was kept."""
