"""`sealgate doctor`: what would stop mail, and how to mend it."""

import sys
from pathlib import Path

import click

from sealgate import logs, settings
from sealgate.commands.options import config_option
from sealgate.doctor import doctor
from sealgate.doctor.findings import Verdict

COLOURS = {
    Verdict.GOOD: "green",
    Verdict.WARNING: "yellow",
    Verdict.BAD: "red",
}
WIPE = "\r\033[K"


@click.command(name="doctor")
@config_option
def command(config: Path) -> None:
    """Look for what would stop mail, and say how to mend it. Changes nothing.

    Each finding is told as soon as it is known; on a terminal, what is looked at meanwhile.
    Ends with 1 if something would stop mail.
    """
    logs.configure("doctor", level="warning", pretty=True)
    try:
        chosen = settings.load(config)
    except settings.SettingsError as error:
        click.echo(f"{click.style('stops mail', fg='red'):<21} settings: {error}", err=True)
        sys.exit(1)
    bad = False
    for finding in doctor.examine(chosen, _say):
        _wipe()
        mark = click.style(f"{finding.verdict.value:<11}", fg=COLOURS[finding.verdict])
        click.echo(f"{mark} {finding.what}: {finding.says}")
        bad |= finding.verdict is Verdict.BAD
    _wipe()
    sys.exit(1 if bad else 0)


def _say(what: str) -> None:
    """Say on a terminal what is looked at now: some of it waits for others."""
    if sys.stderr.isatty():
        click.echo(f"{WIPE}looking at {what} …", nl=False, err=True)


def _wipe() -> None:
    """Take that away again, so that what is left to read are the findings."""
    if sys.stderr.isatty():
        click.echo(WIPE, nl=False, err=True)
