"""The node that the policy commands speak of: its settings, its database and its rulebook.

Promises that what goes wrong ends the command with 1 and one sentence.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from sealgate import logs, settings
from sealgate.admission import SHOWN_OF_DIGEST
from sealgate.settings import Settings
from vault import rulebook
from vault.errors import StoreUnavailable, VaultError
from vault.rulebook import Version
from vault.store import Store


@contextmanager
def opened(config: Path) -> Iterator[tuple[Settings, Store]]:
    """Open the node's store for one command."""
    logs.configure("policy", level="error", pretty=True)
    try:
        chosen = settings.load(config)
        if not chosen.vault.is_begun:
            end(f"{chosen.vault.database_name} is not there yet; the first start makes it.")
        store = Store(chosen.vault)
        try:
            yield chosen, store
        finally:
            store.close()
    except StoreUnavailable as error:
        end(f"{error}. Is {chosen.vault.folder} there, and may this user write in it?")
    except (settings.SettingsError, VaultError) as error:
        end(str(error))


def end(sentence: str) -> NoReturn:
    """End the command with 1."""
    click.echo(f"sealgate: {sentence}", err=True)
    sys.exit(1)


def find(store: Store, digest: str) -> Version:
    """Return a kept version by the beginning of its digest, or end the command."""
    try:
        with store.reading() as tx:
            return rulebook.find(tx, digest)
    except LookupError as error:
        said = str(error.args[0])
        end(f"{said[:1].upper()}{said[1:]}.")


def short(digest: str) -> str:
    """Return as much of a digest as people are shown."""
    return digest[:SHOWN_OF_DIGEST]


def when(moment: datetime) -> str:
    """Return a moment in the time of this machine."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
