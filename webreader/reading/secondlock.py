"""The second lock of a message: its sender sets it and is shown the words, its reader types them.

What the words make is kept by the reader's browser alone, in a cookie that only this site can read
and only together with that browser's session: nothing stored here opens a locked message.

Must never show the words a second time, nor write them or what they make anywhere.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import replace
from typing import Final

from aiohttp import web
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.errors import CannotLock, WrongWords
from vault.packages import catalogue, phrase, second_lock
from vault.secrets import Secret, mac
from webreader import cookies
from webreader.managing.sent import manager
from webreader.pages import page, redirect
from webreader.site import SITE, Site, came_from, in_thread
from webreader.visits import VISITOR, reader

MOST: Final = 8  # messages unlocked at a time in one browser
KEY_SIZE: Final = 32
ID_SIZE: Final = 26
NONCE_SIZE: Final = 12
PURPOSE: Final = "web/second-lock"
ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth")


def unlocked(request: web.Request) -> Site:
    """Return the site with the keys of the messages that this browser has unlocked."""
    site = request.app[SITE]
    return replace(site, opening=replace(site.opening, second=_carried(request)))


def ask(request: web.Request, error: str = "", status: int = 403) -> web.Response:
    """Ask for the words."""
    package = request.match_info["package"]
    return page(request, "unlock.html", status=status, id=package, error=error)


async def unlock(request: web.Request) -> web.Response:
    """POST /p/{package}/unlock: the words that a reader was told."""
    site, identity, package = request.app[SITE], reader(request), request.match_info["package"]
    typed = str((await request.post()).get("words", ""))
    try:
        words = phrase.parse(typed)
    except phrase.NotAWord as wrong:
        return ask(request, _advice(wrong.place), 400)
    whose = (site.store, site.opening, site.sealing, identity, package)
    try:
        key = await in_thread(request, second_lock.unlock, *whose, words, came_from(request))
    except WrongWords:
        return ask(request, "These are not the words of this message. Ask the sender again", 400)
    response = redirect(f"/p/{package}")
    carried = {package: key, **_carried(request)}
    cookies.put(response, cookies.SECOND_LOCK, _sealed(request, carried))
    return response


async def confirm(request: web.Request) -> web.Response:
    """GET /sent/{package}/lock: what a second lock is, and the button that sets it."""
    site, owner, package = request.app[SITE], manager(request), request.match_info["package"]
    line = await in_thread(request, catalogue.one, site.store, site.opening, owner, package)
    return page(request, "lock.html", id=package, locked=line.package.locked, error="")


async def lock(request: web.Request) -> web.Response:
    """POST /sent/{package}/lock: set it, and show the words this once."""
    site, owner, package = request.app[SITE], manager(request), request.match_info["package"]
    whose = (site.store, site.opening, site.sealing, owner, package)
    try:
        words = await in_thread(request, second_lock.add, *whose, came_from(request))
    except CannotLock as refused:
        error = f"The message was not locked: {refused}."
        return page(request, "lock.html", status=409, id=package, locked=False, error=error)
    shown = words.reveal().decode().split()
    return page(request, "locked.html", id=package, words=shown)


def _advice(place: int) -> str:
    if not place:
        return f"Type all {phrase.WORDS} words, with blanks between them"
    return f"The {ORDINALS[place - 1]} word is not one that is ever used here. Check its spelling"


def _carried(request: web.Request) -> dict[str, Secret]:
    """Return what the browser brings along: keys by package, none if it is not its own."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(cookies.SECOND_LOCK, ""))
        plain = _cookie_key(request).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], None)
    except (binascii.Error, ValueError, InvalidTag):
        return {}
    step = ID_SIZE + KEY_SIZE
    entries = [plain[at : at + step] for at in range(0, len(plain), step)]
    return {entry[:ID_SIZE].decode(): Secret(entry[ID_SIZE:]) for entry in entries}


def _sealed(request: web.Request, carried: dict[str, Secret]) -> str:
    entries = [package.encode() + key.reveal() for package, key in list(carried.items())[:MOST]]
    nonce = secrets.token_bytes(NONCE_SIZE)
    sealed = _cookie_key(request).encrypt(nonce, b"".join(entries), None)
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def _cookie_key(request: web.Request) -> AESGCM:
    """Return a key of this site's secret and this browser's session: another opens nothing."""
    session = request[VISITOR].session_cookie.encode()
    return AESGCM(mac(request.app[SITE].secret, PURPOSE, session))


PACKAGE: Final = "{package:[a-z2-7]{26}}"
ROUTES = [
    web.post(f"/p/{PACKAGE}/unlock", unlock),
    web.get(f"/sent/{PACKAGE}/lock", confirm),
    web.post(f"/sent/{PACKAGE}/lock", lock),
]
