"""The processes of a node: how many there are of each role, and what keeps one from starting.

Promises that what cannot work is said before anything listens, and that nobody starts again and
again what only a person can mend.
"""

import errno
import ssl
from collections.abc import Awaitable, Callable
from contextlib import closing

from gateway.errors import NotInstalledError
from gateway.relay.dkim import DkimKeyError
from gateway.smtp.listener import addresses
from policies.errors import PolicyError
from sealgate import certificate, signing_in
from sealgate.policy import ruling
from sealgate.roles import deliver, smtp, web
from sealgate.settings import Settings
from sealgate.waiting import await_free
from vault import keys
from vault.errors import (
    ContentsUnusable,
    DatabaseUnfit,
    KeyServiceSilent,
    KeyUnusable,
    SchemaMismatch,
    StoreUnavailable,
)
from vault.keys import opening, signing
from vault.storage.store import Store
from vault.trail import heads


class CannotStart(Exception):
    """Something that a person must mend first; the text says what."""


class NotNow(Exception):
    """Something that may pass by itself, such as a full disk; the text says what."""


_FOR_A_PERSON = (
    DkimKeyError,
    ContentsUnusable,
    DatabaseUnfit,
    KeyUnusable,
    NotInstalledError,
    SchemaMismatch,
)
_BINDING = {
    errno.EACCES: "Ports below 1024 need a right, CAP_NET_BIND_SERVICE, as the systemd unit gives.",
    errno.EADDRINUSE: "Another program listens there: `ss -ltnp` names it.",
    errno.EADDRNOTAVAIL: "This machine has no such address.",
}


async def run(role: str, settings: Settings) -> None:
    """Run one process until it is told to stop. Raises CannotStart, NotNow."""
    runs: dict[str, Callable[[Settings], Awaitable[None]]] = {
        "smtp": smtp.run,
        "deliver": deliver.run,
        "web": web.run,
    }
    _check_certificates(settings)
    try:
        await runs[role](settings)
    except PolicyError as error:
        raise CannotStart(_no_policy(settings, error)) from error
    except _FOR_A_PERSON as error:
        raise CannotStart(str(error)) from error
    except KeyServiceSilent as error:
        raise NotNow(f"The keys cannot be opened now: {error}.") from error
    except StoreUnavailable as error:
        raise NotNow(_unavailable(settings)) from error
    except (ssl.SSLError, OSError) as error:
        raise CannotStart(f"{role}: {_reason(error)}") from error


def check(settings: Settings) -> None:
    """Find what would stop every process, before any is started. Raises CannotStart, NotNow."""
    _check_certificates(settings)
    try:
        signing_in.check(settings)
        ruling.load(settings)
        keys.load_sealing(settings.keys_folder, settings.keys)
        keys.load_relay(settings.keys_folder, settings.keys)
        opening.load_opening(settings.keys_folder, settings.keys)
        keys.load_web_secret(settings.keys_folder, settings.keys)
        with closing(Store(settings.vault)) as store:
            if signing.exists(settings.keys_folder):
                signing.load(settings.keys_folder, settings.keys, heads.signer(store))
    except PolicyError as error:
        raise CannotStart(_no_policy(settings, error)) from error
    except KeyServiceSilent as error:
        raise NotNow(f"The keys cannot be opened now: {error}.") from error
    except StoreUnavailable as error:
        raise NotNow(_unavailable(settings)) from error
    except _FOR_A_PERSON as error:
        raise CannotStart(str(error)) from error


def roles(settings: Settings) -> tuple[str, ...]:
    """Return the role of every process of a node."""
    deliverers = ["deliver"] * settings.delivery.processes
    return (*["smtp"] * settings.smtp.sharing, *deliverers, "web")


def await_ports(settings: Settings) -> None:
    """Wait for the ports that several processes will share. Raises CannotStart."""
    if settings.smtp.sharing == 1:
        return
    try:
        await_free(addresses(settings.smtp).values())
    except OSError as error:
        raise CannotStart(f"smtp: {_reason(error)}") from error


def _check_certificates(settings: Settings) -> None:
    """Name the file at fault: what the TLS library raises names none."""
    for section in (settings.smtp, settings.web):
        if section.tls_certificate and section.tls_key:
            why = certificate.unusable(section.tls_certificate, section.tls_key)
            if why:
                raise CannotStart(why)


def _no_policy(settings: Settings, error: PolicyError) -> str:
    return (
        f"The policy {settings.policy.file} cannot be used:\n{error}\n"
        "`sealgate policy new` writes one; `sealgate policy status` names what was in force last."
    )


def _unavailable(settings: Settings) -> str:
    if settings.vault.is_postgresql:
        return (
            f"The database {settings.vault.database_name} or the data folder "
            f"{settings.vault.folder} cannot be used now. Does the server run, may this user "
            "sign in with this password, and is its certificate good for its name?"
        )
    return (
        f"The database or the data folder {settings.vault.folder} cannot be used now. "
        "Is the disk full, read-only or not mounted, or does another program hold the database?"
    )


def _reason(error: OSError) -> str:
    """Say what an operating system error means for the administrator."""
    where = f" ({error.filename})" if error.filename else ""
    said = f"{error.strerror or type(error).__name__}{where}"
    meant = _BINDING.get(error.errno or 0) if "attempting to bind" in said else None
    return f"{said}. {meant}" if meant else f"{said}."
