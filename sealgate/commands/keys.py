"""`sealgate keys`: the keys that seal and open."""

import sys
from pathlib import Path

import click

from sealgate import settings
from sealgate.commands.options import config_option
from vault import keys
from vault.errors import KeyUnusable


@click.group(name="keys")
def command() -> None:
    """Make the keys that seal and open."""


@command.command()
@config_option
def init(config: Path) -> None:
    """Make the key files of a new node. Keys that exist are never replaced."""
    try:
        folder = settings.load(config).keys_folder
        keys.init(folder)
    except (settings.SettingsError, KeyUnusable) as error:
        click.echo(f"sealgate: no keys were made.\n{error}", err=True)
        sys.exit(1)
    click.echo(f"Keys are in {folder}. Back them up apart from the data: without")
    click.echo("the file vault.private no sealed mail can ever be opened again.")
