"""A real issuer of access tokens for tests: an HTTP server that publishes its keys."""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

AUDIENCE = "sealgate"
KEY = RSAKey.generate_key(2048, auto_kid=True)


@dataclass
class Issuer:
    url: str
    key: RSAKey
    published: KeySet
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    def token(
        self, key: RSAKey | None = None, header: dict[str, object] | None = None, **claims: object
    ) -> str:
        """A good token of jane's, but for what is said here; None leaves a claim out."""
        now = int(time.time())
        said = {
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 300,
            "sub": "1",
            "email": "jane@council.gov.uk",
            "scope": "openid smtp.send",
            **claims,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid, **(header or {})}, kept, key)


@contextlib.asynccontextmanager
async def issuer() -> AsyncIterator[Issuer]:
    found = Issuer("", KEY, KeySet([KEY]))

    async def answer(request: web.Request) -> web.Response:
        found.asked.append(request.path)
        if found.broken:
            return web.Response(status=503)
        if request.path.endswith("/openid-configuration"):
            return web.json_response({"issuer": found.url, "jwks_uri": f"{found.url}/keys"})
        if request.path == "/elsewhere":
            raise web.HTTPFound("/keys")
        return web.json_response(found.published.as_dict(private=False))

    app = web.Application()
    app.router.add_get("/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()
