"""Looks at the policy as the doctor does: the file, what is in force, and who may approve.

Promises to change nothing; a database that cannot be opened is told by the doctor's own check.
"""

from collections.abc import Iterator
from contextlib import closing, suppress

from policies.errors import PolicyError
from policies.language import loader
from sealgate.doctor.findings import Finding, Verdict, good
from sealgate.policy import ruling
from sealgate.policy.admission import owner_of
from sealgate.settings import Settings
from vault import rulebook
from vault.address import Address
from vault.errors import VaultError
from vault.people import users
from vault.storage.store import Store


def policy(settings: Settings) -> Iterator[Finding]:
    """Say whether the policy file can be used, and what decides when it is not that file."""
    try:
        read = ruling.load(settings)
    except PolicyError as error:
        for problem in error.problems:
            yield Finding("policy", Verdict.BAD, str(problem))
        yield from _still_deciding(settings)
    else:
        yield good("policy", f"{settings.policy.file} is {read.digest[:12]}")
        yield from _in_force(settings, read.digest)


def _in_force(settings: Settings, digest: str) -> Iterator[Finding]:
    """Say when something else than the policy file decides."""
    in_force, waits = _standing(settings, digest)
    if waits:
        says = f"it waits for approval, and {in_force[:12]} decides: sealgate policy status"
        yield Finding("policy in force", Verdict.WARNING, says)
    elif in_force not in {"", digest}:
        says = f"a running node takes {digest[:12]} up within seconds"
        yield Finding("policy in force", Verdict.WARNING, says)


def _still_deciding(settings: Settings) -> Iterator[Finding]:
    """Say what a running node goes on with when the policy file cannot be used."""
    in_force, _ = _standing(settings, "")
    if in_force:
        says = (
            f"{in_force[:12]} goes on deciding in a running node; "
            "a node cannot start until this is mended"
        )
        if not _is_saved(settings, in_force):
            says += f". To bring it back: sealgate policy rollback {in_force[:12]}"
        yield Finding("policy in force", Verdict.WARNING, says)


def _is_saved(settings: Settings, digest: str) -> bool:
    """Say whether the file itself is that policy: what is wrong is then a roster or a route."""
    with suppress(PolicyError):
        return loader.read(settings.policy.file).digest == digest
    return False


def _standing(settings: Settings, digest: str) -> tuple[str, bool]:
    """Return the digest in force, or nothing, and whether `digest` waits to take its place."""
    if not settings.vault.is_begun:
        return "", False
    try:
        store = Store(settings.vault)
        with closing(store), store.reading() as tx:
            return rulebook.in_force(tx) or "", rulebook.proposal(tx, digest) is not None
    except VaultError:
        return "", False  # told by the check of the database


def _saver(settings: Settings) -> Iterator[Finding]:
    """Say when it cannot be known who saved the policy: its author could approve it alone."""
    if owner_of(settings.policy.file) == "root" and "root" not in settings.policy.accounts.values():
        says = f"{settings.policy.file} belongs to root, so that whoever saved it may approve it"
        yield Finding(
            "policy file", Verdict.WARNING, f"{says}. Save it as yours: install -o ACCOUNT"
        )


def approvers(settings: Settings) -> Iterator[Finding]:
    """Say who may approve a policy and could not: an approver types the password of a user."""
    if not settings.policy.approval:
        return
    yield from _saver(settings)
    if not settings.vault.is_begun:
        return
    try:
        with closing(Store(settings.vault)) as store:
            known = {Address.parse(name).folded() for name in users.names(store)}
    except VaultError:
        return  # told by the check of the database
    missing = [name for name in settings.policy.accounts if name not in known]
    if missing:
        says = f"no user, so that they cannot approve a policy: {', '.join(missing)}"
        yield Finding("approvers", Verdict.WARNING, f"{says}. See: sealgate user add")
    else:
        yield good("approvers", f"{len(settings.policy.accounts)}, each a user")
