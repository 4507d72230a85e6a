"""`sealgate serve`: run a node."""

import asyncio
import sys
from pathlib import Path

import click

from sealgate import eventloop, logs, processes, settings, supervisor
from sealgate.commands.options import config_option
from sealgate.lifeline import EX_CONFIG, EX_TEMPFAIL

ROLES = ("smtp", "deliver", "web")


@click.command(name="serve")
@click.argument("role", required=False, type=click.Choice(ROLES))
@config_option
def command(role: str | None, config: Path) -> None:
    """Run the gateway, the deliverer and the reader site, or only one ROLE of them.

    Stops cleanly on SIGTERM: mail in hand is finished or answered 4xx. Reads the policy again on
    SIGHUP; a policy file that cannot be used keeps the old one in force.
    """
    try:
        chosen = settings.load(config)
        logs.configure(role or "supervisor", level=chosen.log.level)
        if role is not None:
            eventloop.run(processes.run(role, chosen))
            return
        processes.check(chosen)
        processes.await_ports(chosen)
    except (settings.SettingsError, processes.CannotStart) as error:
        click.echo(f"sealgate: not started.\n{error}", err=True)
        sys.exit(EX_CONFIG)
    except processes.NotNow as error:
        click.echo(f"sealgate: not started; to be tried again.\n{error}", err=True)
        sys.exit(EX_TEMPFAIL)
    sys.exit(asyncio.run(supervisor.Supervisor(processes.roles(chosen), config).run()))
