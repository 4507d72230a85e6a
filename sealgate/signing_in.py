"""Who may sign in at the SMTP door, as the settings have it.

Promises that this node's own users come first, so that an account made for a machine works while
a directory is down.
"""

import importlib.util

from gateway.errors import NotInstalledError
from gateway.signin.backend import Backend
from gateway.signin.ldap import LdapDirectory
from gateway.signin.local import LocalUsers
from gateway.signin.oauth import TokenIssuer
from gateway.smtp.authentication import Authenticator
from gateway.smtp.sasl import PASSWORD_MECHANISMS, TOKEN_MECHANISMS
from gateway.workers import Workers
from sealgate.published_keys import PublishedKeys
from sealgate.settings import Settings
from vault.store import Store


def authenticator(settings: Settings, store: Store, workers: Workers) -> Authenticator:
    """Return what checks sign-ins. Raises NotInstalledError."""
    own = settings.organisation.domains
    backends: list[Backend] = [LocalUsers(store, workers)]
    if settings.ldap.url:
        backends.append(LdapDirectory(settings.ldap, own))
    if settings.oauth.issuer:
        backends.append(TokenIssuer(settings.oauth, own, PublishedKeys(settings.oauth)))
    return Authenticator(backends)


def check(settings: Settings) -> None:
    """Find what is missing, before anything is started. Raises NotInstalledError."""
    if settings.ldap.url and importlib.util.find_spec("ldap") is None:
        raise NotInstalledError("[ldap]", "ldap")


def mechanisms(settings: Settings) -> tuple[str, ...]:
    """Return the ways of signing in that can be checked."""
    return PASSWORD_MECHANISMS + (TOKEN_MECHANISMS if settings.oauth.issuer else ())
