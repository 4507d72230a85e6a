"""From what went wrong to what a visitor reads.

One table, so that no page invents its own words and nothing that an exception says is ever shown.
A stranger reads the same for a package that does not exist and for one that is not his. Our own
failures are logged by place, never by their message: a message can hold content.
"""

from __future__ import annotations

import contextlib
import traceback
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from vault import errors
from vault.packages import fetches
from webreader.answering.scanning import Infected, NotScanned, TooLargeToScan
from webreader.guard import Forged
from webreader.pages import page, redirect
from webreader.signin import sign_in_path
from webreader.site import SITE, came_from
from webreader.visits import VISITOR, SignInNeeded

OF_A_PACKAGE: Final = "/p/"
LOOKING: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """What the visitor is told."""

    status: int
    title: str
    text: str


BROKEN: Final = Failure(
    500,
    "Something went wrong on our side",
    "Nothing you did caused this. Please try again in a few minutes.",
)
AWAY: Final = Failure(
    503,
    "The service is not available for the moment",
    "Your messages are safe. Please try again in a few minutes.",
)
SIGNED_OUT: Final = Failure(
    403,
    "You have been signed out",
    "To protect what is here, a visit ends after a while. Nothing was sent or changed. "
    "Sign in again; your browser’s Back button may still show what you wrote.",
)
NOT_SCANNED: Final = {
    False: Failure(
        503,
        "This could not be checked for malware",
        "The malware scanner does not answer at the moment, so nothing was sent. Please try again "
        "in a few minutes.",
    ),
    True: Failure(
        413,
        "This is too large to be checked for malware",
        "It is larger than what is looked at for malware, so nothing was sent. Send less at once.",
    ),
}
FAILURES: Final[dict[type[Exception], Failure]] = {
    errors.AddressError: Failure(
        400, "That address cannot be used", "Check it for typing mistakes, and try again."
    ),
    errors.SecondLocked: Failure(
        403, "This message has a second lock", "Type the six words that its sender has told you."
    ),
    errors.WrongWords: Failure(
        400, "These are not the words of this message", "Ask its sender, by telephone."
    ),
    errors.CannotLock: Failure(
        409, "The message was not locked", "Load its page to see how it stands, and try again."
    ),
    errors.CodeRefused: Failure(
        400, "That code was not accepted", "Check it, or ask for a new one."
    ),
    errors.NotHeld: Failure(
        409,
        "This mail is not waiting any more",
        "It was sent, taken back or refused meanwhile, or its time has run out. Nothing was "
        "changed now. Load the page of the mail to see how it stands.",
    ),
    errors.Outdated: Failure(
        409,
        "This mail has been changed meanwhile",
        "Nothing was sent or changed. Load the page of the mail to see how it is now, and decide "
        "again.",
    ),
    errors.TooMany: Failure(
        429, "Too many attempts", "For your protection we ask you to wait before you try again."
    ),
    errors.StoreUnavailable: AWAY,
    errors.Contended: AWAY,
    errors.DatabaseUnfit: AWAY,
    errors.SchemaMismatch: AWAY,
    errors.KeyUnusable: AWAY,
    errors.KeyServiceSilent: AWAY,
    errors.ContentsUnusable: AWAY,
    errors.Tampered: Failure(
        500,
        "This message cannot be opened",
        "The stored message is damaged, so none of it is shown. Please tell the sender.",
    ),
    Forged: Failure(
        403,
        "We could not tell that this came from you",
        "The form was too old, or did not come from a page of this site. Nothing was sent or "
        "changed. Go back, load the page again and repeat it.",
    ),
    TooLargeToScan: NOT_SCANNED[True],
    NotScanned: NOT_SCANNED[False],
    TimeoutError: Failure(
        408, "That took too long", "Nothing was sent or changed. Please try again."
    ),
}
ANSWERS: Final[dict[int, Failure]] = {
    404: Failure(
        404,
        "There is nothing here",
        "If you followed a link from an email, check that the whole link was used.",
    ),
    405: Failure(405, "That cannot be done here", "Go back and use the buttons on the page."),
    413: Failure(
        413, "That is too large", "Nothing was sent. Send less at once, or fewer attachments."
    ),
    415: Failure(415, "That cannot be read", "Nothing was sent. Use the form on the page."),
    421: Failure(421, "This is another site", "The address in your browser is not ours."),
}
NO_REPLY: Final = Failure(
    403, "This message cannot be answered here", "Its sender has not opened it for replies."
)
REFUSED: Final = Failure(400, "That request cannot be understood", "Go back and try again.")


def infected(found: str) -> Failure:
    """Return what is told about something in which malware of that name was found."""
    return Failure(
        422,
        "Malware was found in this message",
        f"A scanner found {found} in it, so nothing was sent. Do not pass it on, and tell your IT "
        "service.",
    )


@web.middleware
async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a page raises into an answer."""
    try:
        return await handler(request)
    except web.HTTPException as stopped:
        return _stopped(request, stopped)
    except ConnectionError:
        raise  # nobody is left to be answered
    except SignInNeeded:
        _note_fetch(request)
        return _sign_in(request)
    except Exception as failed:  # noqa: BLE001 - the last net, above every page
        return _told(request, failed)


def show(request: web.Request, failure: Failure, **facts: object) -> web.Response:
    """Render the page of a failure."""
    return page(request, "failure.html", status=failure.status, failure=failure, **facts)


def no_access(request: web.Request, refused: errors.AccessDenied) -> web.Response:
    """Say that a package is not open to this reader; only someone who had access learns why.

    Where no copy is given out, there is nothing to be downloaded: the same as for a stranger.
    """
    denial = refused.denial
    if denial is errors.Denial.VIEW_ONLY:
        denial = errors.Denial.UNKNOWN
    status = 404 if denial is errors.Denial.UNKNOWN else 403
    package = request.match_info.get("package", "")
    return page(
        request,
        "no_access.html",
        status=status,
        denial=denial.name,
        package=package,
        opens_at=refused.opens_at,
    )


def _stopped(request: web.Request, stopped: web.HTTPException) -> web.Response:
    response = show(request, ANSWERS.get(stopped.status, REFUSED))
    if hdrs.ALLOW in stopped.headers:
        response.headers[hdrs.ALLOW] = stopped.headers[hdrs.ALLOW]
    if hdrs.CONTENT_RANGE in stopped.headers:  # a program that asks for a part wants to know
        response.set_status(stopped.status)
        response.headers[hdrs.CONTENT_RANGE] = stopped.headers[hdrs.CONTENT_RANGE]
    return response


def _told(request: web.Request, failed: Exception) -> web.Response:
    if isinstance(failed, (errors.AccessDenied, errors.SecondLocked)):
        return _shut(request, failed)
    if isinstance(failed, Infected):
        return show(request, infected(failed.found))
    if isinstance(failed, (HttpProcessingError, web.RequestPayloadError)):
        return show(request, REFUSED)
    if isinstance(failed, tuple(FAILURES)):
        return _known(request, failed)
    _report(failed)
    return show(request, BROKEN)


def _shut(request: web.Request, failed: errors.AccessDenied | errors.SecondLocked) -> web.Response:
    if isinstance(failed, errors.AccessDenied):
        return no_access(request, failed)
    return page(request, "unlock.html", status=403, id=request.match_info["package"], error="")


def _known(request: web.Request, failed: Exception) -> web.Response:
    failure = next(found for kind, found in FAILURES.items() if isinstance(failed, kind))
    if failure.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _report(failed)
    visitor = request.get(VISITOR)
    if isinstance(failed, Forged) and visitor and visitor.lost_session:
        failure = SIGNED_OUT
    response = show(request, failure)
    if isinstance(failed, errors.TooMany):
        response.headers[hdrs.RETRY_AFTER] = str(max(1, int(failed.retry_after.total_seconds())))
    return response


def _note_fetch(request: web.Request) -> None:
    """Put on record that a link to a package was followed by whoever is not known yet.

    What cannot be written is no reason to show anybody less: nothing is opened here.
    """
    package = request.match_info.get("package")
    if package and request.path.startswith(OF_A_PACKAGE) and request.method in LOOKING:
        with contextlib.suppress(errors.StoreUnavailable):
            fetches.note(request.app[SITE].store, package, came_from(request))


def _sign_in(request: web.Request) -> web.Response:
    if request.method == hdrs.METH_GET:
        return redirect(sign_in_path(request.path))
    return show(request, SIGNED_OUT)


def _report(failed: Exception) -> None:
    """Log a failure of ours by kind and place."""
    frames = traceback.extract_tb(failed.__traceback__)[-6:]
    log.error(
        "web.failed",
        error=type(failed).__name__,
        places=[f"{frame.name}:{frame.lineno}" for frame in frames],
    )
