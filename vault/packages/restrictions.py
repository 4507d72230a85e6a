"""What recipients of a sealed mail may do, and when.

Apart from `vault.packages.deposit`, because policy works it out and knows no store.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from vault.packages.hours import OpenHours
from vault.packages.strength import Strength

REMINDERS = 1  # to each who has not opened, where nobody says how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrictions:
    """What recipients may do, when, and after which sign-in. Times are aware.

    `protection` is shown to readers and sets nothing else. `kept_after_expiry` is how long the
    content outlives `expires_at` (None: as the installation's settings say), `retention` how long
    it is kept where nothing expires (None: until somebody sets an end).
    """

    expires_at: datetime | None = None
    not_before: datetime | None = None
    reply_allowed: bool = True
    view_only: bool = False
    sign_in: Strength = Strength.CODE
    protection: Literal["normal", "high"] = "normal"
    open_hours: OpenHours | None = None
    kept_after_expiry: timedelta | None = None
    retention: timedelta | None = None
    reminders: int = REMINDERS

    def words(self) -> list[str]:
        """Name what is stricter than usual, for the audit; the times have places of their own."""
        limits = {
            "view only": self.view_only,
            "no replies": not self.reply_allowed,
            f"sign-in {self.sign_in}": self.sign_in is not Strength.CODE,
            f"{self.protection} protection": self.protection != "normal",
            f"open {self.open_hours}": self.open_hours is not None,
        }
        return [words for words, holds in limits.items() if holds]


FREE = Restrictions()
