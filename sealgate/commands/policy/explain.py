"""`sealgate policy explain`: what a policy would do with a mail, and why."""

from pathlib import Path

import click

from policies.envelope import Envelope
from policies.message.mime import outline
from policies.trials import explain as explaining
from sealgate.commands.policy import files
from vault.address import Address, canonical_domain, header_addresses
from vault.errors import AddressError

PIECE = 1 << 18  # bytes read at once


@click.command()
@click.argument("mail", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "recipients", multiple=True, required=True, help="A recipient. Repeatable.")
@click.option("--from", "sender", help="The envelope sender; otherwise the mail's From.")
@click.option(
    "--domain", "domains", multiple=True, help="A domain of ours; otherwise the sender's."
)
@click.option(
    "--policy",
    "file",
    type=click.Path(path_type=Path),
    default=Path("/etc/sealgate/policy.yaml"),
    show_default=True,
    help="The policy file.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def explain(
    mail: Path,
    recipients: tuple[str, ...],
    sender: str | None,
    domains: tuple[str, ...],
    file: Path,
    as_json: bool,
) -> None:
    """Explain what the policy would do with MAIL, a file as mail clients save it (.eml)."""
    policy = files.load(file)
    with mail.open("rb") as content:
        read = outline(iter(lambda: content.read(PIECE), b""))
    author = _address(sender) if sender else _author(read.first("From"))
    envelope = Envelope(
        sender=author,
        recipients=tuple(_address(recipient) for recipient in recipients),
        own_domains=tuple(map(canonical_domain, domains)) or ((author.domain,) if author else ()),
        authenticated=True,
    )
    explanation = explaining.explain(policy, envelope, read)
    click.echo(explanation.to_json() if as_json else explanation.text())


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as error:
        raise click.BadParameter(f"{text} is not an address: {error}") from error


def _author(header: str | None) -> Address | None:
    found = header_addresses(header or "")
    return found[0][1] if found else None
