"""From the terms of sealed recipients to what holds for all of them.

For whoever deposits a mail: the SMTP door, and the page of a held one. Promises that a mail is
sealed once, under the strictest terms among its recipients and its sender's wish.
"""

from collections.abc import Sequence
from datetime import datetime

from policies.errors import FlagError
from policies.terms import NOTHING_SAID, Protection, SealTerms, merge_seal
from vault.packages.restrictions import REMINDERS, Restrictions
from vault.packages.strength import Strength

NOBODY_COULD_OPEN = (
    "Not sent to anyone: the end you set in X-Sealgate-Expires comes before the policy lets "
    "recipients open the message. Give a later date and send again."
)


def restrictions(
    said: Sequence[SealTerms],
    at: datetime,
    expires_at: datetime | None = None,
    not_before: datetime | None = None,
) -> Restrictions:
    """Return what holds for a mail sealed `at` a time, aware like every other.

    `expires_at` and `not_before` are its sender's wish. Raises FlagError if nobody could open it.
    """
    terms = merge_seal(said, NOTHING_SAID)
    opens = _opening(terms, at, not_before)
    return Restrictions(
        expires_at=_expiry(terms, opens or at, expires_at),
        not_before=opens,
        reply_allowed=terms.replies is not False,
        view_only=bool(terms.view_only),
        sign_in=terms.sign_in or Strength.CODE,
        protection=(terms.protection or Protection.NORMAL).value,
        open_hours=terms.open_hours,
        kept_after_expiry=terms.kept_after_expiry,
        retention=terms.retention,
        reminders=REMINDERS if terms.reminders is None else terms.reminders,
    )


def _opening(terms: SealTerms, at: datetime, wished: datetime | None) -> datetime | None:
    """Return the later of what the sender and the policy ask for."""
    starts = [] if wished is None else [wished]
    if terms.not_before is not None:
        starts.append(at + terms.not_before)
    return max(starts, default=None)


def _expiry(terms: SealTerms, opens: datetime, wished: datetime | None) -> datetime | None:
    """Return the earlier end; the policy's term runs from when the mail may first be opened."""
    if wished is not None and wished <= opens:
        raise FlagError(NOBODY_COULD_OPEN)
    ends = [] if terms.expires_after is None else [opens + terms.expires_after]
    return min([*ends, *([] if wished is None else [wished])], default=None)
