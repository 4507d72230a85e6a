"""`sealgate disclosure`: messages are written out for somebody when two people have said so.

Promises that each of them has typed a password of their own, and that nothing is opened before the
second has said yes.
"""

import json
from pathlib import Path

import click

from sealgate.commands import export
from sealgate.commands.options import config_option
from sealgate.commands.proof import as_option, password_option, proved
from sealgate.node import opened
from vault.ending import legal
from vault.exchange.exporting import Purpose
from vault.exchange.folder import ExportFolder, Selection
from vault.packages import disclosing
from vault.packages.disclosing import Disclosure

_WHAT = "have messages written out"


@click.group(name="disclosure")
def command() -> None:
    """Have sealed messages written out for somebody: one person asks, another one approves.

    REFERENCE is the short name of a message, such as 7F3K-92QD; `sealgate search` finds them. Each
    person names themselves with --as and types their own password.
    """


@command.command(short_help="Ask to have messages written out.")
@click.argument("references", nargs=-1, metavar="REFERENCE...")
@click.option("--everything", is_flag=True, help="Every message there is, rather than some.")
@click.option("--why", required=True, help="The reason; it goes on record.")
@as_option
@password_option
@config_option
def ask(
    references: tuple[str, ...],
    everything: bool,
    why: str,
    name: str | None,
    password_stdin: bool,
    config: Path,
) -> None:
    """Ask to have messages written out. Another person must approve it within 14 days."""
    if bool(references) is everything:
        raise click.UsageError("Say which messages: their references, or --everything.")
    with opened(config, "disclosure") as (_, store):
        ids = sorted({legal.find(store, one) for one in references})
        by = proved(store, name, password_stdin, _WHAT)
        asked = disclosing.ask(store, Selection(packages=ids), by, why)
    click.echo(f"You have asked for {_what(asked)}. Another person approves it with")
    click.echo(f"sealgate disclosure approve {asked.id} --as ADDRESS")


@command.command(short_help="Approve what somebody else has asked for.")
@click.argument("disclosure_id", metavar="ID")
@click.option("--why", default="", help="What there is to say about it; it goes on record.")
@as_option
@password_option
@config_option
def approve(
    disclosure_id: str, why: str, name: str | None, password_stdin: bool, config: Path
) -> None:
    """Approve what somebody else has asked for: see `list`. It can be written out for 14 days."""
    with opened(config, "disclosure") as (_, store):
        by = proved(store, name, password_stdin, _WHAT)
        done = disclosing.approve(store, disclosure_id, by, why)
    click.echo(f"Approved: {_what(done)}, until {done.until.date().isoformat()}. To write it out:")
    click.echo(f"sealgate disclosure write {done.id} FOLDER --as ADDRESS")


@command.command(short_help="Decline it, or take it back.")
@click.argument("disclosure_id", metavar="ID")
@click.option("--why", required=True, help="The reason; it goes on record.")
@as_option
@password_option
@config_option
def decline(
    disclosure_id: str, why: str, name: str | None, password_stdin: bool, config: Path
) -> None:
    """Decline what somebody has asked for, or take back what you have asked for yourself."""
    with opened(config, "disclosure") as (_, store):
        disclosing.decline(store, disclosure_id, proved(store, name, password_stdin, _WHAT), why)
    click.echo("Declined. Nothing was opened.")


@command.command(name="list", short_help="List what was asked for, and what has become of it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
def list_disclosures(as_json: bool, config: Path) -> None:
    """List every disclosure, oldest first."""
    with opened(config, "disclosure") as (_, store):
        found = disclosing.every(store)
    for one in found:
        click.echo(json.dumps(_facts(one)) if as_json else _line(one))
    if not found and not as_json:
        click.echo("Nobody has asked for a disclosure.")


@command.command(short_help="Write out what was approved.")
@click.argument("disclosure_id", metavar="ID")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@as_option
@password_option
@config_option
def write(
    disclosure_id: str, folder: Path, name: str | None, password_stdin: bool, config: Path
) -> None:
    """Write the messages to FOLDER as `sealgate export` does, each on record with your name.

    What was interrupted goes on when it is called again.
    """
    there = ExportFolder(folder)
    with opened(config, "disclosure") as (node, store):
        by = proved(store, name, password_stdin, _WHAT)
        one = disclosing.approved(store, disclosure_id)
        purpose = Purpose(by=str(by), why=f"{one.id}: {one.why}", disclosed=True)
        with there.alone():
            done = export.write(node, store, there, one.selection, purpose)
    export.tell(done, folder)


def _what(one: Disclosure) -> str:
    many = len(one.selection.packages)
    return f"{many} message{'s' if many > 1 else ''}" if many else "every message"


def _line(one: Disclosure) -> str:
    day = one.asked_at.date().isoformat()
    decided = f"; {one.state.value} by {one.decided_by}" if one.decided_by else "; waits"
    more = f" ({one.decided_why})" if one.decided_why else ""
    return f"{one.id}  {day}  {_what(one)} for {one.asked_by}: {one.why}{decided}{more}"


def _facts(one: Disclosure) -> dict[str, object]:
    return {
        "id": one.id,
        "packages": one.selection.packages,
        "why": one.why,
        "asked_at": one.asked_at.isoformat(),
        "asked_by": one.asked_by,
        "state": one.state.value,
        "decided_at": one.decided_at.isoformat() if one.decided_at else None,
        "decided_by": one.decided_by or None,
        "decided_why": one.decided_why or None,
        "until": one.until.isoformat(),
    }
