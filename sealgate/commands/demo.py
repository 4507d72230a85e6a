"""`sealgate demo`: everything on this machine, with sample mails to look at."""

import asyncio
import sys

import click
from rich.console import Console

from sealgate import logs
from sealgate.demo.run import run
from sealgate.demo.serving import DemoError


@click.command(name="demo")
def command() -> None:
    """Start everything on this machine with sample mails to look at.

    Listens on 127.0.0.1 only. Ctrl-C stops it and removes its data.
    """
    logs.configure("demo", level="warning")
    console = Console()
    try:
        asyncio.run(run(console))
    except (DemoError, OSError) as error:
        click.echo(f"sealgate: the demo could not start. {error}", err=True)
        sys.exit(1)
