"""`sealgate serve`: run a node."""

import os
import sys
from pathlib import Path

import click
import structlog

from sealgate import allocator, eventloop, logs, preloading, processes, settings
from sealgate.child import Child
from sealgate.commands.options import config_option
from sealgate.lifeline import EX_CONFIG, EX_TEMPFAIL
from sealgate.settings import Settings
from sealgate.supervisor import Supervisor
from vault.memory import keep_off_disk

log = structlog.get_logger()

ROLES = ("smtp", "deliver", "web")


@click.command(name="serve")
@click.argument("role", required=False, type=click.Choice(ROLES))
@config_option
def command(role: str | None, config: Path) -> None:
    """Run the gateway, the deliverer and the reader site, or only one ROLE of them.

    Stops cleanly on SIGTERM: mail in hand is finished or answered 4xx. Reads the policy again on
    SIGHUP; a policy file that cannot be used keeps the old one in force.
    """
    allocator.give_back()
    sys.exit(live(config, role) if role else serve(config))


def serve(config: Path) -> int:
    """Run a node; returns the exit code."""
    try:
        chosen = settings.load(config)
    except settings.SettingsError as error:
        return _not_started(error)
    logs.configure("supervisor", level=chosen.log.level)
    preloading.preload()
    # In a process of its own, so that the keys it looks at are never in this one.
    checking = Child.bear(_title("check", config), lambda: check(chosen))
    _, status = os.waitpid(checking.pid, 0)
    checking.bury()
    if code := os.waitstatus_to_exitcode(status):
        return code
    roles = processes.roles(chosen)
    return Supervisor(roles, lambda role: live(config, role), lambda n: _title(n, config)).run()


def check(chosen: Settings) -> int:
    """Find what would stop every process, before any is started; returns the exit code."""
    keep_off_disk()
    try:
        processes.check(chosen)
        processes.await_ports(chosen)
    except processes.CannotStart as error:
        return _not_started(error)
    except processes.NotNow as error:
        return _not_now(error)
    return 0


def live(config: Path, role: str) -> int:
    """Do what one process does until it is told to stop; returns the exit code."""
    locked = keep_off_disk()
    try:
        chosen = settings.load(config)
        logs.configure(role, level=chosen.log.level)
        log.debug("memory.kept", locked=locked)
        eventloop.run(processes.run(role, chosen))
    except (settings.SettingsError, processes.CannotStart) as error:
        return _not_started(error)
    except processes.NotNow as error:
        return _not_now(error)
    return 0


def _title(name: str, config: Path) -> str:
    return f"sealgate serve {name} --config {config}"


def _not_started(error: Exception) -> int:
    click.echo(f"sealgate: not started.\n{error}", err=True)
    return EX_CONFIG


def _not_now(error: Exception) -> int:
    click.echo(f"sealgate: not started; to be tried again.\n{error}", err=True)
    return EX_TEMPFAIL
