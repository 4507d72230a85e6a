"""What recipients of a sealed mail may do, and when.

Apart from `vault.deposit`, because policy works it out and knows no store.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vault.strength import Strength


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrictions:
    """What recipients may do, when, and after which sign-in. Times are aware.

    `protection` is shown to readers and sets nothing else.
    """

    expires_at: datetime | None = None
    not_before: datetime | None = None
    reply_allowed: bool = True
    view_only: bool = False
    sign_in: Strength = Strength.CODE
    protection: Literal["normal", "high"] = "normal"

    def words(self) -> list[str]:
        """Name what is stricter than usual, for the audit; the times have places of their own."""
        limits = {
            "view only": self.view_only,
            "no replies": not self.reply_allowed,
            f"sign-in {self.sign_in}": self.sign_in is not Strength.CODE,
            f"{self.protection} protection": self.protection != "normal",
        }
        return [words for words, holds in limits.items() if holds]


FREE = Restrictions()
