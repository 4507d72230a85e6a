"""Signing in with an access token of the organisation's own issuer (RFC 6750, RFC 9068).

A token is a JWT that the issuer has signed; it says who somebody is and for whom it was issued.
Promises that only tokens for our audience, in their time, signed by a key that the issuer
publishes and by an algorithm with two halves, let anybody in, as an address within our domains.
Must never log a token, and never take one for its own word about which key to trust.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.signin.backend import Proof, user_of
from gateway.signin.settings import OauthSettings
from gateway.smtp.sasl import Bearer
from vault.address import Address
from vault.errors import AddressError
from vault.people.users import User

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "Ed25519",
)
LEEWAY = 60
"""Seconds by which clocks may differ."""


class Keys(Protocol):
    """The public keys of an issuer, wherever they come from."""

    async def having(self, key_id: str | None) -> KeySet:
        """Return the keys, the newest if none of this id is known. Raises BackendDownError."""


class TokenIssuer:
    """The one issuer whose tokens are taken."""

    name = "oauth"

    def __init__(
        self,
        settings: OauthSettings,
        own_domains: Iterable[str],
        keys: Keys,
    ) -> None:
        self._settings = settings
        self._own_domains = tuple(own_domains)
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
        )

    async def identify(self, given: Proof) -> User | None:
        """Return whose token this is, or None. Raises BackendDownError.

        Who names a mailbox with it must be the one to whom that belongs.
        """
        if not isinstance(given, Bearer):
            return None
        token = given.token.reveal()
        try:
            key_id = jws.extract_compact(token).headers().get("kid")
            keys = await self._keys.having(key_id)
            if key_id is None and len(keys.keys) > 1:
                return None  # trying one after another would be guessing
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError):
            return None
        user = self._user(claims)
        return user if user is not None and _acts_as(user, given.acting_as) else None

    async def close(self) -> None:
        """Nothing is held."""

    def _user(self, claims: dict[str, Any]) -> User | None:
        wanted = self._settings
        if claims.get("email_verified") is False and wanted.address_claim == "email":
            return None
        if wanted.scope and wanted.scope not in _words(claims):
            return None
        known_by = user_of(_texts(claims.get(wanted.address_claim)), self._own_domains)
        if known_by is None:
            return None
        more = user_of(_texts(claims.get(wanted.alias_claim)), self._own_domains)
        aliases = more.addresses if more else frozenset()
        return User(known_by.address, known_by.addresses | aliases)


def _acts_as(user: User, mailbox: str) -> bool:
    """Say whether the mailbox that was named with the token is theirs; naming none is fine."""
    if not mailbox:
        return True
    try:
        return user.may_send_as(Address.parse(mailbox))
    except AddressError:
        return False


def _words(claims: dict[str, Any]) -> set[str]:
    said = [*_texts(claims.get("scope")), *_texts(claims.get("scp"))]
    return {word for text in said for word in text.split()}


def _texts(claim: object) -> list[str]:
    values = claim if isinstance(claim, list) else [claim]
    return [value for value in values if isinstance(value, str)]
