"""`sealgate policy roster`: the organisation's own people, whose names are known for sure."""

from datetime import UTC, datetime
from pathlib import Path

import click

from policies.detectors.names.roster import RosterError
from sealgate import settings
from sealgate.commands.options import config_option
from sealgate.node import end
from sealgate.policy import rosters
from sealgate.settings import Settings

_name = click.option(
    "--name", default="people", help="What the roster is called, such as pupils.  [people]"
)


@click.group(short_help="Let names of your own people be recognised.")
def roster() -> None:
    """Import, list and remove rosters. They hold keyed marks, never names."""


@roster.command(name="import")
@click.argument("table", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.csv")
@_name
@config_option
def import_(table: Path, name: str, config: Path) -> None:
    """Make a roster of a table with a column Forename and a column Surname.

    It replaces a roster of the same name. Delete the table afterwards: it is not needed again.
    """
    chosen = _settings(config)
    if not rosters.called(name):
        end(f"a roster cannot be called {name!r}: letters, digits and hyphens only")
    try:
        count = rosters.put(chosen, name, table.read_bytes())
    except (RosterError, OSError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        end(f"no roster was made of {table}: {what}")
    click.echo(f"Roster {name}: {count} marks. A running node reads it within seconds.")
    click.echo(f"Now delete {table}.")


@roster.command(name="list")
@config_option
def list_(config: Path) -> None:
    """Say which rosters there are, how many marks each has, and since when."""
    chosen = _settings(config)
    try:
        known = rosters.load(chosen)
    except RosterError as error:
        end(str(error))
    for path, one in zip(rosters.files(chosen), known, strict=True):
        when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        click.echo(f"{path.stem}  {len(one.marks)} marks  since {when:%Y-%m-%d %H:%M} UTC")
    if not known:
        click.echo("There are no rosters.")


@roster.command()
@_name
@config_option
def remove(name: str, config: Path) -> None:
    """Remove a roster."""
    if not rosters.called(name) or not rosters.drop(_settings(config), name):
        end(f"there is no roster {name!r}")
    click.echo(f"Roster {name} is removed. Save the policy file again or send SIGHUP.")


def _settings(config: Path) -> Settings:
    try:
        return settings.load(config)
    except settings.SettingsError as error:
        end(str(error))
