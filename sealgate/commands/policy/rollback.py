"""`sealgate policy rollback`: an earlier policy comes back."""

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click

from policies.errors import PolicyError
from policies.language import loader
from policies.language.members import SHIPPED
from sealgate.commands.options import config_option
from sealgate.commands.policy.version import find, short
from sealgate.node import account, end, opened
from vault import rulebook
from vault.rulebook import Version
from vault.storage.store import Store


@click.command(short_help="Bring an earlier policy back.")
@click.argument("digest", required=False)
@config_option
def rollback(digest: str | None, config: Path) -> None:
    """Write the policy whose digest begins with DIGEST to the policy file.

    Without DIGEST the last change of the file is taken back: it becomes what decides now, or, if it
    is that already, the policy before.

    What the file held is kept beside it, with the time in its name, and so are lists that differ.
    A running node takes the file up within seconds; where approval is asked for, a change that
    weakens protection waits as any other, and whoever gave this command has saved it.
    """
    with opened(config, "policy", begun=True) as (chosen, store):
        file = chosen.policy.file
        kept = find(store, digest) if digest else _before(store, file)
        for path, before in _written(kept, file):
            click.echo(f"Wrote {path}" + (f"; what it held is in {before}." if before else "."))
        click.echo(f"{file} is {short(kept.digest)} again.")


def _written(kept: Version, file: Path) -> Iterator[tuple[Path, Path | None]]:
    """Write a version's files where they belong, each whole or not at all; lists come first.

    Gives each file that was written, and where what it held before is kept.
    """
    wanted = {file.parent / name: text for name, text in kept.lists.items()}
    now = f"{datetime.now().astimezone():%Y%m%dT%H%M%S}"
    for path, text in (*wanted.items(), (file, kept.content)):
        shipped = SHIPPED / path.name
        before = path.read_bytes() if path.exists() else None
        if before == text or (before is None and shipped.exists() and shipped.read_bytes() == text):
            continue
        aside = None
        if before is not None:
            aside = path.with_name(f"{path.name}.{now}")
            aside.write_bytes(before)
        _replace(path, text)
        yield path, aside


def _replace(path: Path, text: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chown(beside, _own_number(), -1)
        if path.exists():
            was = path.stat()
            with suppress(PermissionError):  # neither root nor in that group: it stays one's own
                os.chown(beside, -1, was.st_gid)  # the node reads its policy as that group
            beside.chmod(was.st_mode & 0o777)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _own_number() -> int:
    """Return the number of the account behind `sudo`: a file's owner counts as who saved it.

    Root's own, and everybody else's who cannot give files away, is -1: no change.
    """
    if os.geteuid() != 0:
        return -1
    try:
        return pwd.getpwnam(account()).pw_uid
    except KeyError:
        return -1


def _before(store: Store, file: Path) -> Version:
    """Return what decided before the file was changed last; one that cannot be used never did."""
    with store.reading() as tx:
        deciding, earlier = rulebook.in_force(tx), rulebook.in_force_before(tx)
    wanted = earlier if deciding == _saved(file) else deciding
    if wanted is None:
        end("No other policy was in force before.")
    return find(store, wanted)


def _saved(file: Path) -> str | None:
    """Return the digest of the file as it is; None if it cannot be used."""
    try:
        return loader.read(file).digest
    except PolicyError:
        return None
