"""`sealgate export`: packages out of the vault, readable without Sealgate.

Promises that what it calls complete has a hash for every file, and that no package is opened that
is not on record as exported.
"""

from datetime import UTC, datetime
from pathlib import Path

import click

from sealgate import bars
from sealgate.commands.options import config_option
from sealgate.node import account, end, opened
from sealgate.settings import Settings
from vault.address import Address
from vault.ending import legal
from vault.errors import AddressError
from vault.exchange import exporting, manifest
from vault.exchange.exporting import Finished, Purpose
from vault.exchange.folder import ExportFolder, ExportUnusable, Selection
from vault.keys import signing
from vault.keys.opening import load_opening
from vault.storage.store import Store

_TIMES = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_NEEDS_TWO = """\
here it takes two people to write messages out ([vault] export_needs_two).
One asks: sealgate disclosure ask --everything --why … --as ADDRESS"""
_GOES_ON = "Nothing is complete yet. What was written stays: the same command goes on."
_SHOWN = 10  # references in one sentence
_UNREADABLE = """\
{count} could not be read, for their content is damaged or its place did not answer: {which}
What is known of them is in the export. Call this again to try them once more."""


@click.command(name="export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--package", "packages", multiple=True, metavar="REFERENCE", help="Only these.")
@click.option("--sender", help="Only what this address has sent or owns.")
@click.option("--since", type=_TIMES, help="Only what was sealed at this time (UTC) or later.")
@click.option("--until", type=_TIMES, help="Only what was sealed before this time (UTC).")
@click.option("--why", default="", help="The reason; it goes on record with each package.")
@click.option("--check", is_flag=True, help="Export nothing: check the export in FOLDER.")
@config_option
def command(
    folder: Path,
    packages: tuple[str, ...],
    sender: str | None,
    since: datetime | None,
    until: datetime | None,
    why: str,
    check: bool,
    config: Path,
) -> None:
    """Write every package to FOLDER: the message as .eml, and what is known of it as JSON.

    The node may go on running. What was interrupted goes on when it is called again with the same
    words. The messages are in the clear: FOLDER is readable by its owner alone, and is to be kept
    as safe as the keys.
    """
    there = ExportFolder(folder)
    if check:
        _check(there)
        return
    try:
        with opened(config, "export", if_not=_GOES_ON) as (node, store), there.alone():
            selection = Selection(
                packages=sorted(legal.find(store, one) for one in packages),
                sender=str(Address.parse(sender)) if sender else None,
                since=since.replace(tzinfo=UTC) if since else None,
                until=until.replace(tzinfo=UTC) if until else None,
            )
            if node.vault.export_needs_two:
                end(_NEEDS_TWO)
            done = write(node, store, there, selection, Purpose(by=account(), why=why))
    except AddressError as error:
        end(f"{sender}: {error}.")
    tell(done, folder)


def write(
    node: Settings, store: Store, there: ExportFolder, selection: Selection, purpose: Purpose
) -> Finished:
    """Export into a folder that is this command's alone; raises VaultError."""
    audit_key = signing.load_public(node.keys_folder).id
    about = exporting.begin(there, store, selection, (node.organisation.name, audit_key))
    keys = load_opening(node.keys_folder, node.keys)
    with bars.bar("Exporting", exporting.size_of(store, about)) as told:
        return exporting.export(store, keys, there, about, purpose, told)


def tell(done: Finished, folder: Path) -> None:
    """Tell people of a complete export; ends with 1 if some of it could not be read."""
    counts = done.counts
    packages = "1 package" if counts.packages == 1 else f"{counts.packages} packages"
    click.echo(f"Exported to {folder}: {packages}.")
    click.echo(
        f"{counts.opened} as .eml; {counts.locked} sealed, for they have a second lock; "
        f"{counts.destroyed} destroyed before, of which only the record is left."
    )
    click.echo(f"SHA-256 of manifest.sha256: {done.manifest_sha256}")
    click.echo("Keep this number elsewhere: it proves that nothing was exchanged since.")
    if done.unreadable:
        more = ", …" if len(done.unreadable) > _SHOWN else ""
        shown = ", ".join(done.unreadable[:_SHOWN]) + more
        end(_UNREADABLE.format(count=len(done.unreadable), which=shown))


def _check(there: ExportFolder) -> None:
    try:
        with bars.bar("Checking", manifest.size_of(there)) as told:
            found = manifest.check(there, told)
    except ExportUnusable as error:
        end(f"{error}.")
    for line in found.told:
        click.echo(line, err=True)
    if found.wrong:
        end(f"the export in {there.folder} is not what was written: {found.wrong} findings.")
    click.echo(f"Complete and undamaged: {found.files} files in {there.folder}.")
    click.echo(f"SHA-256 of manifest.sha256: {found.sha256}")
