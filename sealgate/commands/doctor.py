"""`sealgate doctor`: what would stop mail, and how to mend it."""

import sys
from pathlib import Path

import click

from sealgate import doctor, logs, settings
from sealgate.commands.options import config_option
from sealgate.findings import Verdict

COLOURS = {
    Verdict.GOOD: "green",
    Verdict.WARNING: "yellow",
    Verdict.BAD: "red",
}


@click.command(name="doctor")
@config_option
def command(config: Path) -> None:
    """Look for what would stop mail, and say how to mend it. Changes nothing.

    Ends with 1 if something would stop mail.
    """
    logs.configure("doctor", level="warning", pretty=True)
    try:
        chosen = settings.load(config)
    except settings.SettingsError as error:
        click.echo(f"{click.style('stops mail', fg='red'):<21} settings: {error}", err=True)
        sys.exit(1)
    bad = False
    for finding in doctor.examine(chosen):
        mark = click.style(f"{finding.verdict.value:<11}", fg=COLOURS[finding.verdict])
        click.echo(f"{mark} {finding.what}: {finding.says}")
        bad |= finding.verdict is Verdict.BAD
    sys.exit(1 if bad else 0)
