"""Options that several commands share."""

from pathlib import Path

import click

from sealgate.settings import DEFAULT_PATH

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=DEFAULT_PATH,
    show_default=True,
    envvar="SEALGATE_CONFIG",
    help="The settings file.",
)
