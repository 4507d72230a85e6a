"""How much one user may send within an hour.

Promises that a user who has reached it is told so in plain words and may go on as the hour moves,
that nothing is lost (4xx), and that it is one count for all processes of a node.
"""

import time
from collections.abc import Callable
from math import ceil

from gateway.smtp.replies import Reply
from gateway.smtp.tally import MINUTES, SHARED, Sum, Tally
from vault.people.users import User

MINUTE = 60.0  # seconds


class Quotas:
    """Counts by user. 0 is no limit."""

    def __init__(
        self,
        messages: int = 0,
        recipients: int = 0,
        clock: Callable[[], float] = time.time,
        tally: Tally = SHARED,
    ) -> None:
        self._messages = messages
        self._recipients = recipients
        self._clock = clock
        self._tally = tally

    def count(self, user: User | None, recipients: int) -> None:
        """Count a message that was taken."""
        if user is not None and (self._messages or self._recipients):
            self._tally.add(str(user.address), self._now(), recipients)

    def another_mail(self, user: User | None) -> Reply | None:
        """Return why a user may not begin another message now, or None."""
        if user is None or not self._messages:
            return None
        sent = self._tally.sum(str(user.address), self._now())
        if sent.messages < self._messages:
            return None
        return self._not_now("messages", self._messages, sent)

    def another_recipient(self, user: User | None, named: int) -> Reply | None:
        """Return why a message may not have another recipient beside those `named`, or None."""
        if user is None or not self._recipients:
            return None
        sent = self._tally.sum(str(user.address), self._now())
        if sent.recipients + named < self._recipients:
            return None
        return self._not_now("recipients", self._recipients, sent)

    def _not_now(self, what: str, most: int, sent: Sum) -> Reply:
        free_in = (sent.oldest or self._now()) + MINUTES - self._clock() / MINUTE
        return Reply(
            451,
            "4.7.0",
            f"Not now: you have reached {most} {what} within an hour, the most that is allowed "
            f"here. Try again in {max(1, ceil(free_in))} minutes.",
        )

    def _now(self) -> int:
        return int(self._clock() / MINUTE)
