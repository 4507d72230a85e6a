"""Tries the way on which reports about notices come back, at our own door.

Promises to send no mail: the envelope is named and taken back. The door must take the null sender
for the address of the settings, know the token of the newest notice, and turn away one that nobody
made: then a report that reaches it is understood. Whether the organisation's mail server passes
reports on to it only that server knows.
Must never show a token.
"""

import smtplib
from contextlib import closing
from dataclasses import dataclass

from sealgate.settings import Settings
from vault import keys
from vault.address import Address
from vault.errors import VaultError
from vault.sending import returns
from vault.storage.store import Store

SECONDS = 5
INVENTED = "1" + "a" * returns.MAC_LENGTH
"""Has the form of a token. Nobody can make one that is genuine, nor have made this one."""
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on, not to
TAKEN, NOBODY = 250, 550


@dataclass(frozen=True, slots=True)
class Trial:
    """How it went. `tried` is False where the door could not be asked; `works` is then too."""

    tried: bool
    works: bool
    says: str


def trial(settings: Settings) -> Trial:
    """Try the way back; `[bounces] address` is set. Blocks for some seconds at most."""
    host, port = settings.smtp.trusted.rsplit(":", 1)
    host = _ANY_HOST.get(host.strip("[]"), host.strip("[]"))
    place = settings.smtp.trusted
    try:
        client = smtplib.SMTP(host, int(port), settings.smtp.hostname, timeout=SECONDS)
        with closing(client):
            client.ehlo()
            found = _asked(client, settings)
            client.docmd("QUIT")
            return found
    except smtplib.SMTPResponseException:
        says = f"the trusted port {place} turns this machine away; to try it from here, add this "
        return Trial(False, False, says + "machine to smtp.trusted_networks for a moment")
    except (OSError, smtplib.SMTPException):
        says = f"nobody answers at the trusted port {place}: start the node, then try again"
        return Trial(False, False, says)


def _asked(client: smtplib.SMTP, settings: Settings) -> Trial:
    bounces = settings.bounces
    base, invented = bounces.base, bounces.with_token(INVENTED)
    assert base is not None  # noqa: S101 - who calls has looked
    assert invented is not None  # noqa: S101
    address = f"[bounces] address {bounces.address}"
    if _said_to(client, base) != TAKEN:
        says = f"the trusted port does not take reports for {address}: restart the node, so that "
        return Trial(True, False, says + "it knows these settings")
    if _said_to(client, invented) != NOBODY:
        return Trial(True, False, f"{address} takes reports with a token that nobody made")
    newest = _newest(settings)
    if newest is None:
        return Trial(True, True, f"reports for {bounces.address} are taken; no notice has left yet")
    if _said_to(client, newest) != TAKEN:
        says = (
            f"the trusted port does not know the newest notice by its token at {address}: do the "
        )
        return Trial(True, False, says + "node and this command use the same data and keys?")
    return Trial(True, True, f"reports for {bounces.address} are taken and known by their token")


def _said_to(client: smtplib.SMTP, address: Address) -> int:
    """Name an envelope and take it back; return what the door says to the recipient."""
    code, _ = client.mail("")
    if code == TAKEN:
        code, _ = client.rcpt(str(address))
    client.rset()
    return code


def _newest(settings: Settings) -> Address | None:
    """Return the return path of the newest notice, None if there is none, or none to be read."""
    if not settings.vault.is_begun:
        return None
    try:
        with closing(Store(settings.vault)) as store:
            token = returns.newest_token(
                store, keys.load_sealing(settings.keys_folder, settings.keys)
            )
    except VaultError:
        return None  # told by the checks of keys and database
    return settings.bounces.with_token(token) if token else None
