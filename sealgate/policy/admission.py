"""Whether a changed policy comes into force: at once, after a second person's word, or not at all.

For the processes that decide and for `sealgate policy`. Promises that the rulebook says what is in
force before anything is decided by it, that a change which may weaken protection waits where the
settings ask for approval, and that whoever is to know of a file that cannot be used hears of it
once. Must never put a policy in force that could not be read whole.
"""

import hashlib
import pwd
from dataclasses import dataclass
from pathlib import Path

import structlog

from policies.errors import PolicyError
from policies.language import loader
from policies.language.loader import Source
from policies.trials.weakening import weakened
from sealgate.policy.settings import PolicySettings
from vault import rulebook
from vault.keys import SealingKeys
from vault.rulebook import PolicyActKind, Version
from vault.sending.posting import Kind, post
from vault.storage import turns
from vault.storage.store import Store, Transaction

SHOWN_OF_DIGEST = 12
NOT_COMPARABLE = ("the policy in force cannot be read any longer, so that nothing can be compared",)
NONE_YET = "none"
_SETTLED = {None, PolicyActKind.ACTIVATED}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Standing:
    """How the policy file stands: the digest in force, and why the file itself waits, if it does.

    `news` says whether this was the first time that it was found so.
    """

    in_force: str
    waits: tuple[str, ...] = ()
    news: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Who admits: the rulebook, the settings, and the keys to seal a letter with."""

    store: Store
    settings: PolicySettings
    sealing: SealingKeys

    def admit(self, source: Source) -> Standing:
        """Put a policy in force, or write down why it waits. Raises StoreUnavailable."""
        by = owner_of(self.settings.file)
        while True:
            with self.store.reading() as tx:
                before = rulebook.in_force(tx)
                kept = rulebook.find(tx, before) if before else None
            if before == source.digest:
                self._return_to(source)
                return Standing(before)
            why = reasons(kept, source) if self.settings.approval and kept else ()
            with self.store.writing(turns.POLICY) as tx:
                if rulebook.in_force(tx) == before:
                    return self._settle(tx, source, why, by)

    def _return_to(self, source: Source) -> None:
        """Write down that the file is what is in force again, if something else was said last."""
        by = owner_of(self.settings.file)
        with self.store.reading() as tx:
            if rulebook.last_act(tx) in _SETTLED:
                return
        with self.store.writing(turns.POLICY) as tx:
            if rulebook.last_act(tx) not in _SETTLED and rulebook.in_force(tx) == source.digest:
                rulebook.write(tx, PolicyActKind.ACTIVATED, source.digest, by=by)

    def _settle(self, tx: Transaction, source: Source, why: tuple[str, ...], by: str) -> Standing:
        digest, version = source.digest, version_of(source)
        before = rulebook.in_force(tx)
        if before is None or not why or rulebook.is_approved(tx, digest):
            rulebook.write(tx, PolicyActKind.ACTIVATED, digest, by=by, why=why, version=version)
            return Standing(digest, news=True)
        news = rulebook.proposal(tx, digest) is None
        if news:
            rulebook.write(tx, PolicyActKind.PROPOSED, digest, by=by, why=why, version=version)
            self._alarm(tx, "waits", why, digest)
        return Standing(before, why, news)

    def refuse(self, error: PolicyError) -> bool:
        """Write down that the file cannot be used, and tell. False: it was known already."""
        problems = tuple(str(problem) for problem in error.problems)
        digest = _digest_of(self.settings.file)
        with self.store.writing(turns.POLICY) as tx:
            by = owner_of(self.settings.file)
            if not rulebook.write(tx, PolicyActKind.REFUSED, digest, by=by, why=problems):
                return False
            self._alarm(tx, "refused", problems, digest)
        return True

    def _alarm(self, tx: Transaction, what: str, why: tuple[str, ...], digest: str) -> None:
        if (to := self.settings.alarm_address) is not None:
            fields = {
                "what": what,
                "why": "\n".join(why),
                "file": str(self.settings.file),
                "digest": digest[:SHOWN_OF_DIGEST],
                "in_force": (rulebook.in_force(tx) or NONE_YET)[:SHOWN_OF_DIGEST],
            }
            post(tx, self.sealing, Kind.POLICY, to, fields)


def reasons(kept: Version, source: Source) -> tuple[str, ...]:
    """Return why a policy may protect less than one that was kept; empty if it does not."""
    try:
        before = loader.reread(kept.file, kept.content, kept.lists)
    except PolicyError:
        return NOT_COMPARABLE
    return weakened(before, source)


def version_of(source: Source) -> Version:
    """Return a policy as the rulebook keeps it."""
    return Version(
        digest=source.digest, file=source.file, content=source.content, lists=source.files
    )


def owner_of(path: Path) -> str:
    """Return the account that owns a file, "" if there is none: who saved it, as far as is known.

    Where an editor writes into the file of somebody else, that is somebody else.
    """
    try:
        return pwd.getpwuid(path.stat().st_uid).pw_name
    except (OSError, KeyError):
        return ""


def _digest_of(path: Path) -> str:
    """Return what stands for a file that cannot be used: its SHA-256, or that of nothing."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return hashlib.sha256().hexdigest()
