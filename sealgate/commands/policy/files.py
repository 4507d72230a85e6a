"""What the policy commands read: a policy by path or by the name of a starter, and the settings.

Promises that what cannot be read ends the command with 1 and says why, a line for each problem.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from policies.detectors.names import roster
from policies.detectors.names.roster import RosterError
from policies.engine import Policy
from policies.errors import PolicyError
from policies.language import loader
from sealgate import settings
from sealgate.policy import rosters
from sealgate.settings import DEFAULT_PATH, Settings

Made = TypeVar("Made")

settings_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="SEALGATE_CONFIG",
    help=f"The settings of an installation, whose policy and domains are taken.  [{DEFAULT_PATH}]",
)


def find(name: str) -> Path:
    """Return the policy file that a word names: a path, or a starter such as `council`."""
    path = Path(name)
    starter = loader.STARTER / f"{name}.yaml"
    return starter if not path.exists() and starter.is_file() else path


def load(file: Path) -> Policy:
    """Load a policy file, or end the command with every problem."""
    return or_end(lambda: loader.load(file))


def or_end(make: Callable[[], Made]) -> Made:
    """Return what is made, or end the command with every problem of the policy."""
    try:
        return make()
    except PolicyError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(1)


def use_rosters(chosen: Settings) -> None:
    """Recognise the names of an installation's rosters, or say that they are not recognised."""
    try:
        roster.use(rosters.load(chosen))
    except (RosterError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        click.echo(f"sealgate: names of the rosters are not recognised here: {why}", err=True)


def installed(config: Path | None) -> Settings | None:
    """Return the settings that were named, or those of this machine; None if it has none."""
    if config is None and not _is_here(DEFAULT_PATH):
        return None
    try:
        return settings.load(config or DEFAULT_PATH)
    except settings.SettingsError as error:
        click.echo(f"sealgate: {error}", err=True)
        sys.exit(1)


def _is_here(path: Path) -> bool:
    """Whether the file exists, also where this account may not look: reading it then says so."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def file_in_force(chosen: Settings | None) -> Path:
    """Return the installation's policy file, or end the command if none is known."""
    if chosen is None:
        raise click.UsageError(
            f"There is no installation here ({DEFAULT_PATH}). Name a policy file, "
            "or the settings of one with --config."
        )
    return chosen.policy.file
