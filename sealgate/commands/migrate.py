"""`sealgate migrate`: bring the database up to date with this program."""

import time
from pathlib import Path

import click

from sealgate import logs, settings
from sealgate.commands.options import config_option
from sealgate.node import end
from vault.errors import StoreUnavailable, VaultError
from vault.storage import migrating
from vault.storage.migrating import Standing
from vault.storage.schema import Step


@click.command(name="migrate")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@config_option
def command(dry_run: bool, config: Path) -> None:
    """Bring the database up to date with this program.

    Says what is to be done and does it, all of it or nothing. Nodes may go on meanwhile: restart
    them afterwards, one after the other. With SQLite a node does this when it starts.
    """
    logs.configure("migrate", level="error", pretty=True)
    try:
        chosen = settings.load(config).vault
        standing = migrating.look(chosen)
        _say(standing, chosen.database_name, dry_run=dry_run)
        if standing.steps and not dry_run:
            begun = time.monotonic()
            migrating.migrate(chosen, _done)
            click.echo(f"Up to date with version {standing.wanted}, {_seconds(begun)}.")
    except StoreUnavailable as error:
        end(f"{error}. Nothing was changed. Does the database run, and may this user write in it?")
    except (settings.SettingsError, VaultError) as error:
        end(str(error))


def _say(standing: Standing, name: str, *, dry_run: bool) -> None:
    if standing.found is None:
        click.echo(f"{name}: there is no schema yet; the first start makes it.")
    elif not standing.steps:
        click.echo(f"{name}: up to date, version {standing.found}.")
    else:
        click.echo(f"{name}: version {standing.found}; this program needs {standing.wanted}.")
        for step in standing.steps if dry_run else ():
            click.echo(f"  to {step.version}: {step.what}")


def _done(step: Step) -> None:
    click.echo(f"  to {step.version}: {step.what}: done")


def _seconds(begun: float) -> str:
    return f"in {time.monotonic() - begun:.1f} s"
