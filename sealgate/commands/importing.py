"""`sealgate import`: packages of an export into this installation.

Promises that nothing is written of a package whose files are not what the manifest says, and that
what is here already stays as it is.
"""

from pathlib import Path

import click

from gateway.pipeline import summary
from policies.message.mime import outline
from sealgate import bars
from sealgate.commands.options import config_option
from sealgate.node import account, end, opened
from sealgate.settings import Settings
from vault import keys
from vault.exchange import importing, manifest
from vault.exchange.folder import ExportFolder
from vault.exchange.importing import Imported, Place
from vault.storage.store import Store
from vault.trail import evidence

_GOES_ON = "What was imported stays: the same command goes on."
_SHOWN = 20  # refusals that are told


@click.command(name="import")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--sha256", "expected", default="", help="What the export printed of its manifest.")
@click.option("--verify", is_flag=True, help="Import nothing: check what was imported before.")
@config_option
def command(folder: Path | None, expected: str, verify: bool, config: Path) -> None:
    """Bring the packages of an export in FOLDER into this installation.

    They keep their ids, so links that name them work here; they are sealed with the keys of this
    installation. What is here already is left alone, so it may be called again. No letter is sent.
    Ends with 1 if anything was refused.
    """
    if verify is (folder is not None):
        raise click.UsageError("Say which FOLDER to import, or --verify.")
    with opened(config, "import", if_not=_GOES_ON) as (node, store):
        if folder is None:
            _verify(store)
            return
        done = _import(node, store, ExportFolder(folder), expected)
    _tell(done)


def _import(node: Settings, store: Store, folder: ExportFolder, expected: str) -> Imported:
    about = importing.begin(folder, expected)
    place = Place(
        store=store,
        keys=keys.load_sealing(node.keys_folder, node.keys),
        by=account(),
        identify=lambda head: summary.message_id(outline([head])),
    )
    with bars.bar("Importing", manifest.size_of(folder)) as told:
        return importing.bring_in(place, folder, about, told)


def _tell(done: Imported) -> None:
    click.echo(f"Imported: {done.imported} packages. Here before, and left alone: {done.there}.")
    if not done.refused:
        return
    for package_id, why in done.refused[:_SHOWN]:
        click.echo(f"{package_id}: {why}", err=True)
    end(f"{len(done.refused)} packages were refused. Nothing of them was written.")


def _verify(store: Store) -> None:
    changed = list(evidence.changed(store))
    for package_id in changed[:_SHOWN]:
        click.echo(f"{package_id}: its evidence is not what was imported", err=True)
    if changed:
        end(f"the evidence of {len(changed)} imported packages was changed.")
    click.echo("All evidence is what was imported. `sealgate audit verify` proves the rest.")
