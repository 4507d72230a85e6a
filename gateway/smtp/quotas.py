"""How much one user may send within an hour.

Promises that a user who has reached it is told so in plain words and may go on as the hour moves,
that nothing is lost (4xx), and that memory is bounded. Counts in this process alone: where several
take mail, each allows as much.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from gateway.smtp.replies import Reply
from vault.users import User

HOUR = 3600.0
SLICE = 60.0
"""Seconds that are counted together."""
REMEMBERED = 10_000
"""Users; who has sent nothing for longest is forgotten first."""


@dataclass(slots=True)
class _Sent:
    """Messages and recipients by slice of time, oldest first."""

    slices: OrderedDict[int, tuple[int, int]] = field(default_factory=OrderedDict)

    def forget(self, before: int) -> None:
        while self.slices and next(iter(self.slices)) <= before:
            self.slices.popitem(last=False)

    @property
    def messages(self) -> int:
        return sum(messages for messages, _ in self.slices.values())

    @property
    def recipients(self) -> int:
        return sum(recipients for _, recipients in self.slices.values())


class Quotas:
    """Counts by user. 0 is no limit."""

    def __init__(
        self, messages: int = 0, recipients: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._messages = messages
        self._recipients = recipients
        self._clock = clock
        self._sent: OrderedDict[str, _Sent] = OrderedDict()

    def count(self, user: User | None, recipients: int) -> None:
        """Count a message that was taken."""
        if user is None or not (self._messages or self._recipients):
            return
        sent = self._of(user)
        now = self._now()
        messages, before = sent.slices.get(now, (0, 0))
        sent.slices[now] = (messages + 1, before + recipients)
        self._sent[str(user.address)] = sent
        self._sent.move_to_end(str(user.address))
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)

    def another_mail(self, user: User | None) -> Reply | None:
        """Return why a user may not begin another message now, or None."""
        if user is None or not self._messages:
            return None
        sent = self._of(user)
        if sent.messages < self._messages:
            return None
        return self._not_now("messages", self._messages, sent)

    def another_recipient(self, user: User | None, named: int) -> Reply | None:
        """Return why a message may not have another recipient beside those `named`, or None."""
        if user is None or not self._recipients:
            return None
        sent = self._of(user)
        if sent.recipients + named < self._recipients:
            return None
        return self._not_now("recipients", self._recipients, sent)

    def _not_now(self, what: str, most: int, sent: _Sent) -> Reply:
        oldest = next(iter(sent.slices), self._now())
        free_at = (oldest + 1) * SLICE + HOUR
        minutes = max(1, ceil((free_at - self._clock()) / 60))
        return Reply(
            451,
            "4.7.0",
            f"Not now: you have reached {most} {what} within an hour, the most that is allowed "
            f"here. Try again in {minutes} minutes.",
        )

    def _of(self, user: User) -> _Sent:
        sent = self._sent.get(str(user.address)) or _Sent()
        sent.forget(self._now() - int(HOUR / SLICE))
        return sent

    def _now(self) -> int:
        return int(self._clock() / SLICE)
