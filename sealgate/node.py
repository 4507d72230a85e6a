"""The node that a command speaks of: its settings, its store, and who gave the command.

Promises that what goes wrong ends the command with 1 and one sentence for people.
Must never be used by what serves: a server logs, and lives on.
"""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from sealgate import logs, settings
from sealgate.settings import Settings
from vault.errors import StoreUnavailable, VaultError
from vault.storage.store import Store


@contextmanager
def opened(
    config: Path, command: str, *, begun: bool = False, if_not: str = ""
) -> Iterator[tuple[Settings, Store]]:
    """Open the node's store for one command; with `begun`, only where there is one already.

    `if_not` is said after what went wrong.
    """
    rest = f"\n{if_not}" if if_not else ""
    logs.configure(command, level="error", pretty=True)
    try:
        chosen = settings.load(config)
        if begun and not chosen.vault.is_begun:
            end(f"{chosen.vault.database_name} is not there yet; the first start makes it.")
        store = Store(chosen.vault)
        try:
            yield chosen, store
        finally:
            store.close()
    except StoreUnavailable as error:
        end(f"{error}. {whether_it_can_be_used(chosen)}{rest}")
    except (settings.SettingsError, VaultError) as error:
        end(f"{error}.{rest}" if rest else str(error))


def whether_it_can_be_used(chosen: Settings) -> str:
    """Ask what people should look at first when the store cannot be used."""
    if chosen.vault.is_postgresql:
        return (
            f"Does {chosen.vault.database_name} answer, by TLS unless database_tls says otherwise?"
        )
    return f"Is {chosen.vault.folder} there, and may this user write in it?"


def end(sentence: str) -> NoReturn:
    """End the command with 1."""
    click.echo(f"sealgate: {sentence}", err=True)
    sys.exit(1)


def account() -> str:
    """Name the account that gives the command, for the audit: the person's own behind sudo."""
    return os.environ.get("SUDO_USER") or getpass.getuser()
