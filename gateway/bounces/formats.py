"""Every form in which a notice may come back, and the order in which they are tried.

Promises one report or none for any bytes. A form that says more is tried before one that guesses;
automatic answers are recognised before a guess, and only if nothing presents itself as a failure.
"""

from gateway.bounces import automatic, domino, dsn, exchange, exim, plain, qmail
from gateway.bounces.report import Report
from gateway.bounces.returned import Returned

_FORMS = (qmail.read, exchange.read, dsn.read, exim.read, domino.read, plain.read, automatic.read)


def told(mail: Returned) -> Report | None:
    """Return what a mail says of the notice; None if a person may have written it."""
    for read in _FORMS:
        found = read(mail)
        if found is not None:
            return found
    return None
