"""Who is at the other end of a request: a signed-in person, or a browser we only recognise.

A *visit* is a random cookie given to a browser before anybody signs in. A code is bound to it, so a
code that leaks is of no use in another browser. A *session* is what a typed code buys. Either of
them is also the root of the browser's CSRF token.

Must never write anything: finding out who is asking is part of every GET.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from aiohttp import web

from vault.address import Address
from vault.people import sessions
from vault.people.sessions import Session
from vault.secrets import Secret, mac
from webreader import cookies
from webreader.site import SITE, in_thread

VISIT_BYTES = 32
VISIT_FORM = re.compile(r"[0-9a-f]{64}")
VISIT_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True, repr=False)
class Visitor:
    """The browser of a request. Its cookies are secret, so it is never shown as text."""

    session: Session | None
    session_cookie: str
    visit: str
    is_new: bool

    @property
    def lost_session(self) -> bool:
        """Whether the browser believes it is signed in, and we do not."""
        return self.session is None and bool(self.session_cookie)

    def csrf(self, secret: Secret) -> str:
        """Return the token that this browser's forms carry, and nobody else's (64 hex digits)."""
        root = self.session_cookie if self.session else self.visit
        return mac(secret, "web/csrf", root.encode()).hex()


class SignInNeeded(Exception):
    """The page is for someone who has proved who they are."""


VISITOR: web.RequestKey[Visitor] = web.RequestKey("visitor", Visitor)


async def recognise(request: web.Request) -> Visitor:
    """Find the session and the visit of a request; a browser without a visit is given one."""
    cookie = request.cookies.get(cookies.SESSION, "")
    session = None
    if cookie:
        session = await in_thread(request, sessions.find, request.app[SITE].store, cookie)
    visit = request.cookies.get(cookies.VISIT, "")
    known = VISIT_FORM.fullmatch(visit) is not None
    return Visitor(
        session=session,
        session_cookie=cookie,
        visit=visit if known else secrets.token_hex(VISIT_BYTES),
        is_new=not known,
    )


def reader(request: web.Request) -> Address:
    """Return the address that has been proved in this browser.

    Raises `SignInNeeded` if there is none.
    """
    session = request[VISITOR].session
    if session is None:
        raise SignInNeeded
    return session.identity
