"""Who may sign in at the SMTP door, as the settings have it.

Promises that this node's own users come first, so that an account made for a machine works while
a directory is down.
"""

import asyncio
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import BackendDownError, NotInstalledError
from gateway.signin.backend import Backend
from gateway.signin.ldap import LdapDirectory
from gateway.signin.local import LocalUsers
from gateway.signin.oauth import TokenIssuer
from gateway.smtp.authentication import Authenticator
from gateway.smtp.sasl import PASSWORD_MECHANISMS, TOKEN_MECHANISMS, Credentials
from gateway.workers import Workers
from sealgate.published_keys import PublishedKeys
from sealgate.settings import Settings
from vault.keys import SealingKeys
from vault.secrets import Secret
from vault.storage.store import Store

_HELP = {
    "ldap": "the directory does not answer, or refuses bind_dn: sign-ins with it hear 454. Check "
    "url, the certificate (authorities), bind_dn and its password",
    "oauth": "the issuer's keys cannot be fetched: sign-ins with tokens hear 454. Check issuer, "
    "keys_url, the certificate (authorities) and the firewall",
}


def authenticator(
    settings: Settings, store: Store, keys: SealingKeys, workers: Workers
) -> Authenticator:
    """Return what checks sign-ins. Raises NotInstalledError."""
    own = settings.organisation.domains
    backends: list[Backend] = [LocalUsers(store, workers)]
    if settings.ldap.url:
        backends.append(LdapDirectory(settings.ldap, own))
    if settings.oauth.issuer:
        backends.append(TokenIssuer(settings.oauth, own, PublishedKeys(settings.oauth)))
    return Authenticator(backends, store, keys.marks)


def check(settings: Settings) -> None:
    """Find what is missing, before anything is started. Raises NotInstalledError."""
    if settings.ldap.url and importlib.util.find_spec("ldap") is None:
        raise NotInstalledError("[ldap]", "ldap")


def trouble(settings: Settings) -> dict[str, str]:
    """Ask each place that the settings name; return what is wrong by section, "" for nothing."""
    return asyncio.run(_trouble(settings))


async def _trouble(settings: Settings) -> dict[str, str]:
    found: dict[str, str] = {}
    own = settings.organisation.domains
    if settings.ldap.url:
        with _found("ldap", found):
            directory = LdapDirectory(settings.ldap, own)
            await directory.identify(Credentials("nobody-has-this-name", Secret(b"none")))
            await directory.close()
    if settings.oauth.issuer:
        with _found("oauth", found):
            await PublishedKeys(settings.oauth).having(None)
    return found


@contextmanager
def _found(section: str, found: dict[str, str]) -> Iterator[None]:
    try:
        yield
    except NotInstalledError as error:
        found[section] = str(error)
    except BackendDownError:
        found[section] = _HELP[section]
    else:
        found[section] = ""


def mechanisms(settings: Settings) -> tuple[str, ...]:
    """Return the ways of signing in that can be checked."""
    return PASSWORD_MECHANISMS + (TOKEN_MECHANISMS if settings.oauth.issuer else ())
