"""Information-sharing agreements: with whom, what for, and on which days they are in force.

For the condition `agreement`. Promises that an agreement which has expired, or has not begun,
does not hold, by the calendar of London.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from policies.language.members import MemberList
from vault.address import Address

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One agreement. `starts` and `expires` are its first and its last day."""

    name: str
    partner: str
    purpose: str
    domains: MemberList
    starts: date | None
    expires: date

    def in_force(self, now: datetime) -> bool:
        """Say whether it is in force at a moment, which must be aware."""
        today = now.astimezone(LONDON).date()
        return (self.starts is None or self.starts <= today) and today <= self.expires

    def covers(self, recipient: Address, now: datetime) -> bool:
        """Say whether a recipient is the partner's, and the agreement in force."""
        return recipient in self.domains and self.in_force(now)
