"""`sealgate incident`: the report about a message that went to the wrong person."""

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from sealgate import logs, settings
from sealgate.commands.options import config_option
from sealgate.node import account, end
from vault.errors import AccessDenied, VaultError
from vault.origin import Origin
from vault.storage.store import Store
from vault.trail import incident
from webreader.incident import forms
from webreader.incident.telling import report


@click.command(name="incident")
@click.argument("reference")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), default=".",
    show_default=True, help="Where the report goes.",
)  # fmt: skip
@config_option
def command(reference: str, folder: Path, config: Path) -> None:
    """Write the incident report of a message as PDF, HTML and JSON.

    REFERENCE is what people read to each other, such as 7F3K-92QD. There is a report once access
    has been withdrawn from anybody. That it was made is on record.
    """
    logs.configure("incident", level="error", pretty=True)
    try:
        node = settings.load(config)
        store = Store(node.vault)
        try:
            found = _gathered(store, reference)
        finally:
            store.close()
        told = report(found, node.organisation.name, ZoneInfo(node.web.time_zone))
        stem = f"incident-{found.reference}"
        folder.mkdir(parents=True, exist_ok=True)
        written = {
            f"{stem}.json": forms.as_json(found, told),
            f"{stem}.html": forms.as_html(told),
            f"{stem}.pdf": forms.as_pdf(told),
        }
        for name, content in written.items():
            (folder / name).write_bytes(content)
            click.echo(folder / name)
    except AccessDenied:
        end(
            f"there is no message {reference} from which anybody’s access was withdrawn. Its "
            "sender withdraws access on the page of the message."
        )
    except OSError as error:
        end(f"the report cannot be written to {folder}: {error.strerror}")
    except (settings.SettingsError, VaultError) as error:
        end(str(error))
    click.echo(told.clock)


def _gathered(store: Store, reference: str) -> incident.Incident:
    package_id = incident.find(store, reference) or ""
    return incident.gather(store, package_id, by=account(), origin=Origin())
