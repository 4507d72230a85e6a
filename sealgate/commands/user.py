"""`sealgate user`: who may send through the submission port."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sealgate import logs, settings
from sealgate.commands.options import config_option
from sealgate.node import whether_it_can_be_used
from vault.address import Address
from vault.errors import StoreUnavailable, VaultError
from vault.people import users
from vault.secrets import Secret
from vault.storage.store import Store


@click.group(name="user")
def command() -> None:
    """Manage the people who may send through the submission port."""


@command.command(short_help="Add a user.")
@click.argument("address")
@click.option(
    "--alias", "aliases", multiple=True, help="Another address that is theirs. Repeatable."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@config_option
def add(address: str, aliases: tuple[str, ...], password_stdin: bool, config: Path) -> None:
    """Add a user who signs in with ADDRESS and may send as it and its aliases."""
    with _opened(config) as (store, own_domains):
        name = Address.parse(address).homely(own_domains)
        others = tuple(Address.parse(alias).homely(own_domains) for alias in aliases)
        # Only now: nobody should type a password twice to hear that the address was mistyped.
        password = (
            sys.stdin.readline().rstrip("\r\n")
            if password_stdin
            else click.prompt("Password", hide_input=True, confirmation_prompt=True)
        )
        users.add(store, name, Secret(password.encode()), others)
    click.echo(f"{address} may now send.")


@command.command()
@click.argument("address")
@config_option
def remove(address: str, config: Path) -> None:
    """Remove a user. What they sent stays."""
    with _opened(config) as (store, own_domains):
        users.remove(store, Address.parse(address).homely(own_domains))
    click.echo(f"{address} may no longer send.")


@command.command(name="list")
@config_option
def list_users(config: Path) -> None:
    """List the users, one address a line."""
    with _opened(config) as (store, _):
        for name in users.names(store):
            click.echo(str(name))


@contextmanager
def _opened(config: Path) -> Iterator[tuple[Store, tuple[str, ...]]]:
    """Open the store for one command, and tell people what went wrong in one line."""
    logs.configure("user", level="warning", pretty=True)
    try:
        chosen = settings.load(config)
        store = Store(chosen.vault)
        try:
            yield store, tuple(chosen.organisation.domains)
        finally:
            store.close()
    except StoreUnavailable as error:
        click.echo(f"sealgate: {error}. {whether_it_can_be_used(chosen)}", err=True)
        sys.exit(1)
    except (settings.SettingsError, VaultError, ValueError) as error:
        click.echo(f"sealgate: {error}", err=True)
        sys.exit(1)
