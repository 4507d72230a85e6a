"""Signing in with the organisation's directory: look somebody up, then bind as who was found.

Promises that a password goes to the directory over TLS or within this machine, that a directory
which is slow keeps only its own few threads busy, and none of them for ever, and that a name nobody
has costs the same steps as a wrong password. An empty password, which a directory would take for
nobody in particular (RFC 4513 section 5.1.2), never reaches it.
Must never take an address outside our own domains from a directory, nor log what it says.
"""

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from gateway.errors import BackendDownError, NotInstalledError
from gateway.signin.backend import Proof, user_of
from gateway.signin.line import line, tls_context
from gateway.signin.settings import LdapSettings
from gateway.smtp.sasl import Credentials
from vault.people.users import User
from vault.secrets import Secret

log = structlog.get_logger()

NOBODY = "cn=nobody-has-this-name"
_ENOUGH = 2  # entries: a second one means that the name is not one person's
_STEPS = 5  # connecting and binding twice, and looking up
_ANSWERS = 2  # at most, on one connection
NO_OTHER_WAY = "ldapi://%2Fdev%2Fnull"
"""What libldap would connect to by itself when a line has ended: nothing, so that no password can
leave by another way than the line."""


class LdapDirectory:
    """A directory that answers LDAP (RFC 4511)."""

    name = "ldap"

    def __init__(self, settings: LdapSettings, own_domains: Iterable[str]) -> None:
        try:
            import ldap  # noqa: PLC0415 - an extra that most nodes do without
            import ldap.filter  # noqa: PLC0415
        except ImportError as error:
            raise NotInstalledError("[ldap]", "ldap") from error
        self._ldap: Any = ldap
        self._settings = settings
        self._seconds = settings.timeout.total_seconds()
        self._own_domains = tuple(own_domains)
        self._context: ssl.SSLContext | None = None
        self._threads = ThreadPoolExecutor(settings.at_once, thread_name_prefix="ldap")

    async def identify(self, given: Proof) -> User | None:
        """Return whose name and password these are, or None. Raises BackendDownError."""
        if not isinstance(given, Credentials):
            return None
        if not (len(given.password) and given.login.isprintable()):
            return None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_STEPS * self._seconds):
                return await loop.run_in_executor(self._threads, self._identify, given)
        except TimeoutError as error:
            raise _down("TimeoutError") from error

    async def close(self) -> None:
        """Give the threads up; what they wait for ends by its own limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _identify(self, given: Credentials) -> User | None:
        """Do the whole of it; runs on a thread."""
        try:
            entry = self._find(given.login)
            dn, addresses = entry or (f"{NOBODY},{self._settings.base}", [])
            right = self._is_password(dn, given.password)
        except (self._ldap.LDAPError, OSError) as error:
            raise _down(type(error).__name__) from error
        return user_of(addresses, self._own_domains) if entry and right else None

    def _find(self, login: str) -> tuple[str, list[str]] | None:
        """Return the name of the one entry that a user name finds, and its addresses, or None."""
        wanted = self._settings
        escaped = self._ldap.filter.escape_filter_chars(login)
        with self._connected() as connection:
            self._bind(connection, wanted.bind_dn, wanted.bind_password.get_secret_value())
            try:
                found = connection.search_ext_s(
                    wanted.base,
                    self._ldap.SCOPE_SUBTREE,
                    wanted.filter.replace("{login}", escaped),
                    list(wanted.address_attributes),
                    timeout=self._seconds,
                    sizelimit=_ENOUGH,
                )
            except self._ldap.SIZELIMIT_EXCEEDED:
                return None  # many have this name
        entries = [one for one in found if one[0]]  # what has no name is a referral elsewhere
        if len(entries) != 1:
            return None
        dn, attributes = entries[0]
        named = {name.lower(): values for name, values in attributes.items()}
        values = (one for name in wanted.address_attributes for one in named.get(name.lower(), []))
        return dn, [one.decode("utf-8", "replace") for one in values]

    def _is_password(self, dn: str, password: Secret) -> bool:
        """Bind as an entry, or as nobody, so that both cost the same."""
        ldap = self._ldap
        with self._connected() as connection:
            try:
                self._bind(connection, dn, password.reveal())
            except (
                ldap.SERVER_DOWN,
                ldap.TIMEOUT,
                ldap.BUSY,
                ldap.UNAVAILABLE,
                ldap.CONNECT_ERROR,
            ):
                raise
            except ldap.LDAPError:
                return False  # wrong, locked, expired: each directory has its own way to say no
        return True

    def _bind(self, connection: Any, dn: str, password: str | bytes) -> None:
        number = connection.simple_bind(dn, password)
        connection.result(number, timeout=self._seconds)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Connect, over TLS or within this machine, for one bind and what follows it."""
        ldap = self._ldap
        with line(self._settings, self._tls(), _ANSWERS * self._seconds) as descriptor:
            connection = ldap.initialize(NO_OTHER_WAY, fileno=descriptor)
            try:
                connection.set_option(ldap.OPT_PROTOCOL_VERSION, ldap.VERSION3)
                connection.set_option(ldap.OPT_REFERRALS, 0)
                connection.set_option(ldap.OPT_TIMEOUT, self._seconds)
                yield connection
            finally:
                with suppress(ldap.LDAPError):
                    connection.unbind_s()

    def _tls(self) -> ssl.SSLContext | None:
        """Return what the directory must prove: the authorities are read once."""
        if self._settings.in_the_clear:
            return None
        if self._context is None:
            self._context = tls_context(self._settings)
        return self._context


def _down(why: str) -> BackendDownError:
    log.warning("auth.backend_down", backend="ldap", error=why)
    return BackendDownError("ldap")
