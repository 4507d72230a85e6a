"""`sealgate policy explain`: what a policy would do with a mail, and why."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from policies.envelope import Envelope
from policies.extraction.mail import extract
from policies.knowledge import NOTHING_KNOWN, Knowledge
from policies.message.mime import outline
from policies.trials import explain as explaining
from policies.trials import explain_report
from sealgate import logs
from sealgate.commands.policy import files
from sealgate.settings import DEFAULT_PATH, Settings
from vault.address import Address, canonical_domain, header_addresses
from vault.errors import AddressError, VaultError
from vault.packages.history import Past
from vault.storage.store import Store

PIECE = 1 << 18  # bytes read at once


@click.command(short_help="Explain what a policy would do with a mail.")
@click.argument("mail", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "recipients", multiple=True, required=True, help="A recipient. Repeatable.")
@click.option("--from", "sender", help="The envelope sender; otherwise the mail's From.")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    help="A domain of ours; otherwise the installation's, or the sender's if there is none.",
)
@click.option(
    "--policy",
    "policy_file",
    help="A policy file, or the name of a starter; otherwise the installation's.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@files.settings_option
def explain(
    mail: Path,
    recipients: tuple[str, ...],
    sender: str | None,
    domains: tuple[str, ...],
    policy_file: str | None,
    as_json: bool,
    config: Path | None,
) -> None:
    """Explain what the policy would do with MAIL, a file as mail clients save it (.eml).

    Every rule is named with why it fires or not, and the text is shown as the detectors saw it,
    with what they found masked. The settings say where the rosters and the senders' past are;
    no connection is made, so that no route counts as verified. Nothing is sent, stored or logged.
    """
    logs.configure("policy", level="error", pretty=True)
    chosen = files.installed(config)
    if chosen is None and not policy_file:
        raise click.UsageError(
            f"There is no installation here ({DEFAULT_PATH}). Name a policy file or a starter with "
            "--policy, or the settings of a node with --config."
        )
    policy = files.load(files.find(policy_file) if policy_file else files.file_in_force(chosen))
    if chosen is not None:
        files.use_rosters(chosen)
    with mail.open("rb") as raw:
        read = outline(iter(lambda: raw.read(PIECE), b""))
        raw.seek(0)
        content = extract(read, iter(lambda: raw.read(PIECE), b""))
    author = _address(sender) if sender else _author(read.first("From"))
    ours = tuple(chosen.organisation.domains) if chosen else ()
    envelope = Envelope(
        sender=author,
        recipients=tuple(_address(recipient) for recipient in recipients),
        own_domains=_domains(domains) or ours or ((author.domain,) if author else ()),
        authenticated=True,
    )
    with _knowledge(chosen) as knowledge:
        made = explaining.explain(policy, envelope, read, content, knowledge)
    click.echo(explain_report.to_json(made) if as_json else explain_report.text(made))


@contextmanager
def _knowledge(chosen: Settings | None) -> Iterator[Knowledge]:
    """Give what the installation knows of its senders' past, or say that it is not known here."""
    store = None
    try:
        if chosen is not None and chosen.vault.is_begun:
            store = Store(chosen.vault)
    except (VaultError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        click.echo(f"sealgate: whom senders have written to is not known here: {why}", err=True)
    if store is None:
        yield NOTHING_KNOWN
        return
    with closing(store):
        yield Past(store)


def _domains(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(map(canonical_domain, texts))
    except AddressError as error:
        raise click.BadParameter(f"not a domain: {error}") from error


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as error:
        raise click.BadParameter(f"{text} is not an address: {error}") from error


def _author(header: str | None) -> Address | None:
    found = header_addresses(header or "")
    return found[0][1] if found else None
