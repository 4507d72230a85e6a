"""The cookies of the site: which there are, and the only way to set and delete them.

Every name starts with `__Host-`: a browser then takes the cookie only over TLS, only from this
host and for the whole site, so no neighbouring host can plant one (RFC 6265bis, section 4.1.3.2).
None can be read by a script, and none says who somebody is: what they hold is random, or the
visitor's own typing, which is checked again whenever it comes back.
"""

from typing import Final

from aiohttp import web

SESSION: Final = "__Host-sealgate-session"
VISIT: Final = "__Host-sealgate-visit"
SECOND_LOCK: Final = "__Host-sealgate-second-lock"  # sealed; only with the session of its browser
SIGN_IN: Final = "__Host-sealgate-sign-in"
DONE: Final = "__Host-sealgate-done"  # what was just done, one word of a fixed list


def put(response: web.StreamResponse, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie; without `seconds` the browser forgets it when it is closed."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax"
    )


def drop(response: web.StreamResponse, name: str) -> None:
    """Delete a cookie."""
    response.del_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")
