"""The part of `sealgate move` that brings the database from SQLite to PostgreSQL.

Promises that the node's mail is never in neither: until the end the old database is the one that
counts, and whatever interrupts this, the same command goes on.
"""

from collections.abc import Mapping

import click
from pydantic import ValidationError

from sealgate import bars
from sealgate.node import end
from vault.errors import VaultError
from vault.settings import VaultSettings
from vault.storage import transferring

_COPIED = """\
{rows} rows are in {name}, each read back and compared. The node goes on with SQLite, and what
changes is noted. To change over:
 1. call this command again with --finish: it brings the last changes over, and from then on mail is
    answered 4xx and comes again;
 2. set database = "{url}" in [vault] on this and every other node;
 3. start the nodes again.
To give it up instead, call it with --abandon."""
_FINISHED = """\
{rows} rows are in {name}, and {file} takes no more.
Set database = "{url}" in [vault] now, and start the node again: mail is answered 4xx until then.
Keep the old file until the new database has been backed up, then delete it."""


def move(vault: VaultSettings, url: str, *, finish: bool) -> None:
    """Copy the database, or finish; ends the process with 1 where it cannot."""
    there = _settings(vault, url)
    try:
        with transferring.begun(vault) as source, transferring.opened(there, source.mark) as target:
            if not source.is_shut:
                if target.is_resumed:
                    transferring.clear(source, target)
                rows = transferring.rows_in(source)
                with bars.count("Copying", rows) as told:
                    transferring.copy(source, target, told)
                transferring.follow(source, target)
            if not finish and not source.is_shut:
                click.echo(_COPIED.format(rows=rows, name=target.name, url=url))
                return
            counts = transferring.finish(source, target)
    except VaultError as error:
        end(f"{error}.\nThe old database goes on as it was. Call this again to go on.")
    _tell(counts)
    said = {"rows": sum(counts.values()), "name": there.database_name, "url": url}
    click.echo(_FINISHED.format(file=vault.database_file, **said))


def abandon(vault: VaultSettings) -> None:
    """Give up what was begun, and not finished."""
    try:
        was_begun = transferring.forget(vault)
    except VaultError as error:
        end(f"{error}.")
    if was_begun:
        click.echo(
            "Given up. Nothing is noted any more; delete the database that was to be filled."
        )
    else:
        click.echo("No database is being moved.")


def _settings(vault: VaultSettings, url: str) -> VaultSettings:
    """Return the settings of the new database: password, certificates and waits are as set."""
    try:
        return VaultSettings.model_validate({**vault.model_dump(), "database": url})
    except ValidationError as error:
        says = str(error.errors(include_url=False, include_input=False)[0]["msg"])
        raise click.BadParameter(says.removeprefix("Value error, "), param_hint="--to") from None


def _tell(counts: Mapping[str, int]) -> None:
    for name, rows in counts.items():
        if rows:
            click.echo(f"  {name}: {rows}")
