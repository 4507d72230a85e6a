"""`sealgate policy approve`: a second person's word for a change that may weaken protection."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from policies.language import loader
from policies.language.loader import Source
from sealgate.commands.options import config_option
from sealgate.commands.policy import files
from sealgate.commands.policy.version import short
from sealgate.node import end, opened
from sealgate.policy import ruling
from sealgate.policy.admission import Admission, owner_of, reasons
from sealgate.settings import Settings
from vault import keys, rulebook
from vault.address import Address
from vault.errors import AddressError
from vault.people import users
from vault.rulebook import PolicyActKind
from vault.secrets import Secret
from vault.storage import turns
from vault.storage.store import Store


@click.command(short_help="Approve a change that may weaken protection.")
@click.argument("digest")
@click.option("--as", "name", required=True, help="Your address as a user of this node.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@config_option
def approve(digest: str, name: str, password_stdin: bool, config: Path) -> None:
    """Approve the policy file as it is now, whose digest begins with DIGEST.

    You must be one of the approvers that the settings name, type your own password, and not be who
    saved the file or a list that changed. The policy comes into force at once.
    """
    with opened(config, "policy", begun=True) as (chosen, store):
        source = files.or_end(lambda: loader.read(chosen.policy.file))
        files.or_end(lambda: ruling.compiled(chosen, source))
        _check_waiting(store, source, digest)
        approver = _approver(chosen, store, name, password_stdin, _savers(chosen, store, source))
        admission = Admission(
            store=store,
            settings=chosen.policy,
            sealing=keys.load_sealing(chosen.keys_folder, chosen.keys),
        )
        with store.writing(turns.POLICY) as tx:
            rulebook.write(tx, PolicyActKind.APPROVED, source.digest, by=str(approver))
        standing = admission.admit(source)
        if standing.waits:
            end("Another policy came into force meanwhile. See: sealgate policy status")
        click.echo(f"{short(source.digest)} is in force, approved by {approver}.")


def _check_waiting(store: Store, source: Source, digest: str) -> None:
    """End the command unless the file is what was named, and waits."""
    if len(digest) < rulebook.LEAST_OF_DIGEST or not source.digest.startswith(digest.lower()):
        found = short(source.digest)
        end(f"The policy file is {found} and not {digest}. See: sealgate policy status")
    with store.reading() as tx:
        in_force = rulebook.in_force(tx)
        if rulebook.proposal(tx, source.digest) is not None:
            return
        kept = rulebook.find(tx, in_force) if in_force else None
    if in_force == source.digest or kept is None or not reasons(kept, source):
        end("This policy needs no approval.")
    end("No node has taken note of this policy yet: start it, or wait a few seconds.")


def _savers(chosen: Settings, store: Store, source: Source) -> dict[str, Path]:
    """Return the accounts that own the policy file or a list that changed, each with its file."""
    with store.reading() as tx:
        in_force = rulebook.in_force(tx)
        kept = rulebook.find(tx, in_force).lists if in_force else {}
    file = chosen.policy.file
    changed = [file.parent / name for name in source.files if source.files[name] != kept.get(name)]
    return {account: path for path in (*changed, file) if (account := owner_of(path))}


def _approver(
    chosen: Settings, store: Store, name: str, password_stdin: bool, savers: Mapping[str, Path]
) -> Address:
    """Return who approves, or end the command: a named approver, not who saved the file."""
    try:
        address = Address.parse(name)
    except AddressError as error:
        raise click.BadParameter(f"{name} is not an address: {error}") from error
    accounts = chosen.policy.accounts
    if address.folded() not in accounts:
        end(f"{address} is not one of the approvers that the settings name.")
    account = accounts[address.folded()]
    if account in savers:
        what = "the file" if savers[account] == chosen.policy.file else savers[account].name
        end(f"{address} saved {what} (account {account}); another person must approve it.")
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else click.prompt("Password", hide_input=True)
    )
    user = users.verify(store, str(address), Secret(password.encode()))
    if user is None:
        end(f"That is not the password of {address}.")
    return user.address
