"""The keys that an issuer of tokens publishes (RFC 7517), fetched when they are needed.

Promises that keys are asked for at most every `AGAIN_AFTER` seconds whatever tokens come in, that
known ones stay good while the issuer cannot be reached, up to `GOOD_FOR`, and that an answer is
bounded in time and size. Must never follow a redirect: the address is a matter of trust.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.errors import BackendDownError
from gateway.signin.settings import OauthSettings, is_local

log = structlog.get_logger()

MOST_BYTES = 256 << 10
FRESH_FOR = 3600.0
GOOD_FOR = 86_400.0
AGAIN_AFTER = 30.0


class PublishedKeys:
    """One issuer's keys."""

    def __init__(
        self, settings: OauthSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._tried_at: float | None = None
        self._fetching = asyncio.Lock()

    async def having(self, key_id: str | None) -> KeySet:
        """Return the keys, fetched anew if they are old or have none of this id.

        Raises BackendDownError when there are none to be had.
        """
        if not self._suffice(key_id):
            async with self._fetching:
                if not self._suffice(key_id) and self._may_try():
                    await self._refresh()
        if self._keys is None or self._clock() - self._fetched_at > GOOD_FOR:
            raise BackendDownError("oauth")
        return self._keys

    def _suffice(self, key_id: str | None) -> bool:
        if self._keys is None or self._clock() - self._fetched_at > FRESH_FOR:
            return False
        return key_id is None or any(key.kid == key_id for key in self._keys.keys)

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= AGAIN_AFTER

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            self._keys = KeySet.import_key_set(await self._published())
            self._fetched_at = self._clock()
        except (aiohttp.ClientError, OSError, TimeoutError, JoseError, ValueError) as error:
            log.warning("auth.backend_down", backend="oauth", error=type(error).__name__)

    async def _published(self) -> Any:
        """Return the document with the keys. Raises ValueError for one that is none."""
        seconds = aiohttp.ClientTimeout(total=self._settings.timeout.total_seconds())
        async with aiohttp.ClientSession(timeout=seconds) as session:
            where = self._settings.keys_url
            if not where:
                base = self._settings.issuer.rstrip("/")
                said = await self._fetch(session, f"{base}/.well-known/openid-configuration")
                where = str(said["jwks_uri"])
                if said.get("issuer") != self._settings.issuer:
                    raise ValueError("the issuer calls itself something else")
            return await self._fetch(session, where)

    async def _fetch(self, session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
        parts = urlsplit(url)
        if parts.scheme != "https" and not is_local(parts.hostname):
            raise ValueError("keys that are not at an https:// address")
        context = ssl.create_default_context(cafile=self._settings.authorities)
        async with session.get(url, allow_redirects=False, ssl=context) as answer:
            if answer.status != HTTPStatus.OK:
                raise ValueError("no document")
            text = await answer.content.read(MOST_BYTES + 1)
            while len(text) <= MOST_BYTES and (more := await answer.content.read(MOST_BYTES)):
                text += more
        if len(text) > MOST_BYTES:
            raise ValueError("a document that is far too large")
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("a document that is no object")  # noqa: TRY004 - for the one handler
        return found
