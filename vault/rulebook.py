"""The rulebook: every policy that was put in force, with its lists, when, by whom and why.

For the processes that decide and for `sealgate policy history`. Promises that what is in force is
one thing for all processes, that a text which decided anything can be shown again, and that lines
are added and never changed. Must never judge a policy: whoever writes here has checked it.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select

from vault.storage import tables
from vault.storage.store import Transaction

LEAST_OF_DIGEST = 4
_PUT_IN_FORCE = "activated"


class PolicyActKind(StrEnum):
    """What can happen to a policy."""

    ACTIVATED = _PUT_IN_FORCE
    PROPOSED = "proposed"  # it weakens protection and waits for a second person
    APPROVED = "approved"
    REFUSED = "refused"  # the file cannot be used


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A policy as it was read: the file's name and text, and the lists it named, by file name."""

    digest: str
    file: str
    content: bytes = field(repr=False)
    lists: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAct:
    """One line of the rulebook. `why` holds the reasons, one each."""

    at: datetime
    act: PolicyActKind
    digest: str
    previous: str
    by: str
    why: tuple[str, ...]


def write(
    tx: Transaction,
    act: PolicyActKind,
    digest: str,
    *,
    by: str,
    why: tuple[str, ...] = (),
    version: Version | None = None,
) -> bool:
    """Add a line, and the text of the version if it is new. False: this refusal was known."""
    if version is not None:
        _keep(tx, version)
    row = {
        "at": tx.now,
        "act": act.value,
        "digest": digest,
        "previous": in_force(tx) or "",
        "by": by,
        "why": "\n".join(why),
    }
    if act is not PolicyActKind.REFUSED:
        tx.execute(insert(tables.policy_acts), [row])
        return True
    return tx.add_unless_there(tables.policy_acts, row)


def in_force(tx: Transaction) -> str | None:
    """Return the digest of the policy in force; None before the first one."""
    acts = tables.policy_acts.c
    newest = select(acts.digest).where(acts.act == _PUT_IN_FORCE).order_by(acts.id.desc()).limit(1)
    return tx.execute(newest).scalar()


def last_act(tx: Transaction) -> PolicyActKind | None:
    """Return what happened last; None if nothing ever did."""
    acts = tables.policy_acts.c
    found = tx.execute(select(acts.act).order_by(acts.id.desc()).limit(1)).scalar()
    return None if found is None else PolicyActKind(found)


def in_force_before(tx: Transaction) -> str | None:
    """Return the digest of the policy that the one in force replaced."""
    now, acts = in_force(tx), tables.policy_acts.c
    others = select(acts.digest).where(acts.act == _PUT_IN_FORCE, acts.digest != now)
    return tx.execute(others.order_by(acts.id.desc()).limit(1)).scalar()


def is_approved(tx: Transaction, digest: str) -> bool:
    """Say whether a second person has approved `digest` in the place of what is in force."""
    acts = tables.policy_acts.c
    found = select(acts.id).where(
        acts.act == PolicyActKind.APPROVED.value,
        acts.digest == digest,
        acts.previous == (in_force(tx) or ""),
    )
    return tx.execute(found.limit(1)).first() is not None


def proposal(tx: Transaction, digest: str) -> PolicyAct | None:
    """Return the newest line that proposes `digest` in the place of what is in force."""
    acts = tables.policy_acts.c
    found = select(tables.policy_acts).where(
        acts.act == PolicyActKind.PROPOSED.value,
        acts.digest == digest,
        acts.previous == (in_force(tx) or ""),
    )
    row = tx.execute(found.order_by(acts.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _act(row)


def history(tx: Transaction, limit: int = 100) -> list[PolicyAct]:
    """Return the newest lines, newest first."""
    acts = tables.policy_acts
    rows = tx.execute(select(acts).order_by(acts.c.id.desc()).limit(limit))
    return [_act(row) for row in rows.mappings()]


def find(tx: Transaction, start: str) -> Version:
    """Return the version whose digest begins with `start`. Raises LookupError, which says why."""
    if len(start) < LEAST_OF_DIGEST:
        raise LookupError(f"write at least {LEAST_OF_DIGEST} characters of the digest")
    versions = tables.policy_versions.c
    same = versions.digest.startswith(start.lower(), autoescape=True)
    rows = tx.execute(select(tables.policy_versions).where(same).limit(2)).mappings().all()
    if not rows:
        raise LookupError(f"no policy {start} is in the history")
    if len(rows) > 1:
        raise LookupError(f"several policies begin with {start}; write more of the digest")
    return _version(rows[0])


def _keep(tx: Transaction, version: Version) -> None:
    whole = {
        "file": version.file,
        "content": b64encode(version.content).decode(),
        "lists": {name: b64encode(text).decode() for name, text in version.lists.items()},
    }
    row = {
        "digest": version.digest,
        "stored_at": tx.now,
        "content": zlib.compress(json.dumps(whole).encode()),
    }
    tx.add_unless_there(tables.policy_versions, row)


def _version(row: Mapping[Any, Any]) -> Version:
    whole = json.loads(zlib.decompress(row["content"]))
    return Version(
        digest=row["digest"],
        file=whole["file"],
        content=b64decode(whole["content"]),
        lists={name: b64decode(text) for name, text in whole["lists"].items()},
    )


def _act(row: Mapping[Any, Any]) -> PolicyAct:
    return PolicyAct(
        at=row["at"],
        act=PolicyActKind(row["act"]),
        digest=row["digest"],
        previous=row["previous"],
        by=row["by"],
        why=tuple(row["why"].split("\n")) if row["why"] else (),
    )
