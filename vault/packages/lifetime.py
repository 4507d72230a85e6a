"""The moments of a package's life: when who is reminded or told, and when its content goes.

Pure; times are aware. Promises that reminders are spread evenly over the time that is left, that
nobody is reminded of what is over, and that content outlives its expiry by what was agreed when it
was sealed. Must never know a store.
"""

from datetime import datetime, timedelta

WITHOUT_LIMIT = timedelta(days=7)  # between reminders of what does not expire, and until its report
LEAST_APART = timedelta(hours=4)  # reminders that would follow faster are not sent
WARNED_BEFORE = timedelta(days=3)  # at most; a quarter of a shorter life
WORTH_A_REPORT = timedelta(days=2)  # of what lives shorter, only its end is reported


def destruction(
    sealed_at: datetime,
    expires_at: datetime | None,
    kept_after_expiry: int | None,
    retention: int | None,
) -> datetime | None:
    """Return when the content is to be destroyed (lengths in seconds), None if never."""
    if expires_at is not None:
        return None if kept_after_expiry is None else _later(expires_at, kept_after_expiry)
    return None if retention is None else _later(sealed_at, retention)


def next_reminder(since: datetime, expires_at: datetime | None, left: int) -> datetime | None:
    """Return when to remind next of what was last heard of at `since`; `left` may still be sent."""
    if left <= 0:
        return None
    if expires_at is None:
        return since + WITHOUT_LIMIT
    step = (expires_at - since) / (left + 1)
    return since + step if step >= LEAST_APART else None


def next_report(after: datetime, begins: datetime, expires_at: datetime | None) -> datetime | None:
    """Return when its owner is next told how a package stands, None if no more.

    Halfway through its life, shortly before it ends, and when it has ended. `begins` is when it may
    first be opened.
    """
    if expires_at is None:
        moments = [begins + WITHOUT_LIMIT]
    else:
        life, moments = expires_at - begins, [expires_at]
        if life >= WORTH_A_REPORT:
            moments += [begins + life / 2, expires_at - min(WARNED_BEFORE, life / 4)]
    return min((at for at in moments if at > after), default=None)


def _later(at: datetime, seconds: int) -> datetime | None:
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:  # kept for longer than there are dates
        return None
