"""`sealgate package`: legal holds on sealed messages, their destruction, and proof of it.

Promises that no subject, name or content is shown: a message is named by its reference. Where the
settings ask for two people, each proves who they are with a password of their own.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from sealgate import settings
from sealgate.commands.options import config_option
from sealgate.commands.proof import as_option, password_option, proved
from sealgate.node import account, end, opened
from vault.ending import certificate, demand, destroying, legal
from vault.ending.certificate import Fate, NotGenuine
from vault.ending.demand import NotPossible, StillNeeded
from vault.ending.legal import LegalHold
from vault.errors import KeyUnusable
from vault.keys import signing
from vault.storage.store import Store

_why = click.option("--why", required=True, help="The reason; it goes on record.")


@click.group(name="package")
def command() -> None:
    """Look after sealed messages: legal holds, destruction, and certificates of it.

    REFERENCE is the short name of a message, such as 7F3K-92QD.
    """


@command.command(short_help="Keep a message from being destroyed.")
@click.argument("reference")
@_why
@config_option
def hold(reference: str, why: str, config: Path) -> None:
    """Place a legal hold: the content is kept until the hold is ended, whatever its times say.

    A message may have several, one for each matter. Recipients can open it as before, and no
    longer. Its sender is not told.
    """
    with opened(config, "package") as (_, store):
        legal.place(store, legal.find(store, reference), account(), why)
    click.echo(f"{reference} is kept until this legal hold is ended.")


@command.command(short_help="End a legal hold.")
@click.argument("reference")
@_why
@click.option("--id", "which", help="Which hold, if the message has several: see `holds`.")
@as_option
@password_option
@config_option
def release(
    reference: str,
    why: str,
    which: str | None,
    name: str | None,
    password_stdin: bool,
    config: Path,
) -> None:
    """End a legal hold. The times of the message count again at once.

    Where `legal_hold_needs_two` is set, the first person asks with this command and a second one
    ends the hold with the same; each names themselves with --as and types their own password.
    """
    with opened(config, "package") as (chosen, store):
        needs_two = chosen.vault.legal_hold_needs_two
        by = account()
        if needs_two:
            by = str(proved(store, name, password_stdin, "end a legal hold"))
        one = _one(legal.in_force(store, legal.find(store, reference)), reference, which)
        ended = legal.end(store, one.id, by, why, needs_two=needs_two)
    if ended:
        click.echo(f"The legal hold on {reference} is ended.")
    else:
        click.echo(f"You have asked to end the legal hold on {reference}. It stays in force until")
        click.echo("a second person ends it with the same command.")


@command.command(short_help="List the legal holds in force.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
def holds(as_json: bool, config: Path) -> None:
    """List the legal holds in force, oldest first."""
    with opened(config, "package") as (_, store):
        found = legal.in_force(store)
    for one in found:
        click.echo(json.dumps(_facts(one)) if as_json else _line(one))
    if not found and not as_json:
        click.echo("No legal hold is in force.")


@command.command(short_help="Destroy the content of messages at once.")
@click.argument("references", nargs=-1, required=True, metavar="REFERENCE...")
@_why
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be destroyed.")
@config_option
def destroy(references: tuple[str, ...], why: str, yes: bool, config: Path) -> None:
    """Destroy the content of messages for good, at once, whatever their times say.

    Nobody can open them any more, nor bring them back; what happened to them stays on record. A
    message is spared while a legal hold is in force, or a copy of it is still to be sent. Ends with
    1 if one was spared. Each gets a certificate within a minute, while the node runs.
    """
    with opened(config, "package") as (_, store):
        chosen = {one: legal.find(store, one) for one in dict.fromkeys(references)}
        if not yes:
            for line in _foretold(store, chosen):
                click.echo(line)
            end("nothing is destroyed. Say --yes to do it.")
        spared = [one for one, its_id in chosen.items() if not _gone(store, one, its_id, why)]
    if spared:
        end(f"not destroyed: {', '.join(spared)}.")


def _foretold(store: Store, chosen: dict[str, str]) -> Iterator[str]:
    """Say what would become of each."""
    for reference, package_id in chosen.items():
        against = demand.against(store, package_id)
        yield f"{reference}: {f'spared, {against}' if against else 'would be destroyed for good'}."


def _gone(store: Store, reference: str, package_id: str, why: str) -> bool:
    """Destroy one message, and say how that went."""
    try:
        demand.by_administrator(store, package_id, account(), why)
    except (NotPossible, StillNeeded) as error:
        click.echo(f"{reference}: {error}.", err=True)
        return False
    click.echo(f"{reference} is destroyed. `sealgate package certificate {reference}` follows.")
    return True


@command.command(name="certificate", short_help="Write a certificate of destruction.")
@click.argument("reference")
@click.option("--output", type=click.Path(path_type=Path), help="The file. Unset: the screen.")
@config_option
def write_certificate(reference: str, output: Path | None, config: Path) -> None:
    """Write the certificate that the content of a message was destroyed."""
    with opened(config, "package") as (_, store):
        found = destroying.destroyed(store, legal.find(store, reference))
    if found is None:
        end(f"{reference} has not been destroyed.")
    if found.certificate is None:
        end(f"{reference} is destroyed; its certificate follows within minutes. Try again then.")
    if output is None:
        click.echo(found.certificate.decode(), nl=False)
        return
    try:
        output.write_bytes(found.certificate)
    except OSError as error:
        end(f"{output} cannot be written: {error.strerror}")
    click.echo(f"The certificate is in {output}.")


@command.command(short_help="Check a certificate of destruction.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    help="The installation's audit.public. Unset: those of this node.",
)
@config_option
def verify_certificate(file: Path, key: Path | None, config: Path) -> None:
    """Check a certificate with nothing but the public key. Ends with 1 if it is not genuine."""
    try:
        known = [signing.load_public(key)] if key else _known(config)
        with file.open("rb") as stream:
            signed = stream.read(certificate.LONGEST + 1)
        named = certificate.signer(signed)
        trusted = next((one for one in known if one.id == named), known[0])
        found = certificate.verify(signed, trusted)
    except OSError as error:
        end(f"{file} cannot be read: {error.strerror}")
    except NotGenuine as error:
        end(f"Not genuine: {error}.")
    except (settings.SettingsError, KeyUnusable) as error:
        end(str(error))
    for line in _told(found):
        click.echo(line)
    click.echo(f"Genuine: signed with the key {trusted.id}.")


def _known(config: Path) -> list[signing.VerifyingKey]:
    return signing.publics(settings.load(config).keys_folder)


def _told(fate: Fate) -> Iterator[str]:
    yield f"{fate.organisation} states that the content of message {fate.reference} was destroyed."
    people = "1 recipient" if fate.recipients == 1 else f"{fate.recipients} recipients"
    yield f"From:       {fate.author}, to {people}, {fate.size} bytes"
    yield f"Sealed:     {fate.sealed_at.isoformat(timespec='seconds')}"
    if fate.expired_at is not None:
        yield f"Expiry:     {fate.expired_at.isoformat(timespec='seconds')}"
    yield f"Destroyed:  {fate.destroyed_at.isoformat(timespec='seconds')} ({fate.cause})"
    yield f"Certified:  {fate.certified_at.isoformat(timespec='seconds')}"


def _one(found: list[LegalHold], reference: str, which: str | None) -> LegalHold:
    """Return the hold that is meant, or end the command."""
    if which is not None:
        found = [one for one in found if one.id == which]
    if not found:
        end(f"No such legal hold on {reference} is in force.")
    if len(found) > 1:
        lines = "\n".join(_line(one) for one in found)
        end(f"{reference} has several legal holds: say which with --id.\n{lines}")
    return found[0]


def _line(one: LegalHold) -> str:
    asked = f"; {one.asked_by} asks to end it: {one.asked_why}" if one.asked_by else ""
    day = one.placed_at.date().isoformat()
    return f"{one.reference}  {day}  {one.id}  {one.placed_by}: {one.why}{asked}"


def _facts(one: LegalHold) -> dict[str, str | None]:
    return {
        "id": one.id,
        "reference": one.reference,
        "package_id": one.package_id,
        "placed_at": one.placed_at.isoformat(),
        "placed_by": one.placed_by,
        "why": one.why,
        "ending_asked_at": one.asked_at.isoformat() if one.asked_at else None,
        "ending_asked_by": one.asked_by or None,
        "ending_asked_why": one.asked_why or None,
    }
