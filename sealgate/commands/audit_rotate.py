"""`sealgate audit rotate`: another key signs the audit trail from now on.

Promises that the new key is on the disk before anything names it, that the old one names it in the
last head that it signs, and that only then the half of the old one that signs is destroyed. Killed
at any point, it goes on when it is called again.
"""

from pathlib import Path

import click

from sealgate.commands.options import config_option
from sealgate.node import account, opened
from sealgate.settings import Settings
from vault.keys import signing
from vault.storage.store import Store
from vault.trail import heads
from vault.trail.audit import Act, record

_STAGED = """\
The key {id} is ready. Copy audit-{id}.private and audit-{id}.public to the key folder of every
machine; then call this without --stage on one of them, and again on the others."""
_DONE = """\
The key {id} signs the audit trail from head {next} on: the key before has named it in its last.
Give audit-{id}.public to whoever audits this node. The audit.public that they have goes on proving
the whole trail: it follows the keys from one to the next."""
_ELSEWHERE = """\
The half of the key {id} that signs is not in {folder}: destroy it where it is kept."""


@click.command(name="rotate")
@click.option("--stage", is_flag=True, help="Only make the key, to be copied to other machines.")
@config_option
def command(stage: bool, config: Path) -> None:
    """Let a new key sign the audit trail. The node may go on running.

    The old key signs once more, to name the new one; then the half of it that signs is destroyed.
    """
    with opened(config, "audit", begun=True) as (node, store):
        folder, now = node.keys_folder, heads.signer(store)
        past = heads.signers(store)
        if not stage and (left := signing.held(folder) & past - {now}):
            for key_id in sorted(left):  # of a rotation that was killed, or made on another machine
                _retire(store, folder, key_id)
            click.echo(f"The key {now} signs the audit trail. Destroyed: {', '.join(sorted(left))}")
            return
        old = signing.load(folder, node.keys, now)
        new = signing.ready(folder, node.keys, past | {old.public.id})
        if stage:
            click.echo(_STAGED.format(id=new.public.id))
            return
        _rotate(node, store, old, new)


def _rotate(node: Settings, store: Store, old: signing.SigningKey, new: signing.SigningKey) -> None:
    _record(store, Act.KEY_MADE, new.public.id)
    head = heads.make(store, old, successor=new.public)
    click.echo(_DONE.format(id=new.public.id, next=head.number + 1 if head else "the next"))
    if not _retire(store, node.keys_folder, old.public.id):
        click.echo(_ELSEWHERE.format(id=old.public.id, folder=node.keys_folder))


def _retire(store: Store, folder: Path, key_id: str) -> bool:
    was_here = signing.retire(folder, key_id)
    _record(store, Act.KEY_RETIRED, key_id)
    return was_here


def _record(store: Store, act: Act, key_id: str) -> None:
    with store.writing() as tx:
        record(tx, act, actor=account(), detail=f"audit {key_id}")
