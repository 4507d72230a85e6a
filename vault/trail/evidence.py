"""Evidence: what other installations have on record of a package that was imported.

It stands beside the audit trail and is no part of its chain: our trail tells of what was done here,
and of what came from elsewhere only that it came. That one line, `package:imported`, holds the
SHA-256 of the evidence as it was read; so whoever changes it later contradicts the signed trail.

Promises that evidence goes out again, in a later export, as it came in. Must never be taken for an
act of ours, nor decide who may open anything.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator

from sqlalchemy import insert, select

from vault.exchange.dossier import AuditLine, History
from vault.origin import Origin
from vault.storage import tables
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, Event

_AT_ONCE = 200
_KNOWN = frozenset(act.value for act in Act)
_COLUMNS = (
    "at", "act", "actor", "subject", "ip", "agent", "detail", "policy", "strand", "number",
)  # fmt: skip


def digest(histories: Iterable[History]) -> str:
    """Return the SHA-256 of evidence: of its JSON as docs/reference/export-format.md spells it."""
    told = [one.model_dump(mode="json", warnings=False) for one in histories]
    spelt = json.dumps(told, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(spelt.encode("ascii")).hexdigest()


def keep(tx: Transaction, package_id: str, histories: Iterable[History]) -> None:
    """Add the evidence of a package; in the transaction that adds the package."""
    for place, history in enumerate(histories):
        own = {"package_id": package_id, "place": place}
        named = {"organisation": history.organisation, "audit_key": history.audit_key}
        tx.execute(insert(tables.imported_histories), [{**own, **named}])
        rows = [
            {
                **own,
                **{name: getattr(line, name) for name in _COLUMNS},
                "hash": None if line.hash is None else bytes.fromhex(line.hash),
            }
            for line in history.lines
        ]
        if rows:
            tx.execute(insert(tables.imported_lines), rows)


def find(tx: Transaction, package_id: str) -> list[History]:
    """Return the evidence of a package, the first installation first; nothing for our own."""
    history, line = tables.imported_histories, tables.imported_lines
    named = select(history).where(history.c.package_id == package_id).order_by(history.c.place)
    lines: dict[int, list[AuditLine]] = {}
    wanted = select(line).where(line.c.package_id == package_id).order_by(line.c.id)
    for row in tx.execute(wanted).mappings():
        hashed = None if row["hash"] is None else row["hash"].hex()
        told = {name: row[name] for name in _COLUMNS}
        one = AuditLine.model_construct(**told, hash=hashed)
        lines.setdefault(row["place"], []).append(one)
    return [
        History.model_construct(
            organisation=row["organisation"],
            audit_key=row["audit_key"],
            lines=lines.get(row["place"], []),
        )
        for row in tx.execute(named).mappings()
    ]


def events(tx: Transaction, package_id: str) -> list[Event]:
    """Return what was done elsewhere as events that name who has them on record, oldest first.

    An act that this version does not know is left out; an export has it.
    """
    return [
        Event(
            at=line.at,
            act=Act(line.act),
            actor=line.actor,
            subject=line.subject,
            origin=Origin(line.ip, line.agent),
            detail=line.detail,
            policy=line.policy,
            recorded_by=history.organisation or history.audit_key,
        )
        for history in find(tx, package_id)
        for line in history.lines
        if line.act in _KNOWN
    ]


def changed(store: Store) -> Iterator[str]:
    """Yield the ids of imported packages whose evidence is not what our trail says came in."""
    event = tables.events.c
    last = ""
    wanted = select(event.package_id, event.detail).where(event.act == Act.PACKAGE_IMPORTED.value)
    while True:
        with store.reading() as tx:
            following = wanted.where(event.package_id > last).order_by(event.package_id)
            rows = tx.execute(following.limit(_AT_ONCE)).all()
            for row in rows:
                if told_of(row.detail) != digest(find(tx, row.package_id)):
                    yield row.package_id
        if not rows:
            return
        last = rows[-1].package_id


def detail_of(export: str, histories: Iterable[History], dossier: str) -> str:
    """Return what our trail says of an import; `dossier` is the SHA-256 of its file."""
    return f"{export}; evidence {digest(histories)}; dossier {dossier}"


def told_of(detail: str) -> str:
    """Return the digest of the evidence that a line of our trail tells of."""
    return detail.partition("; evidence ")[2].partition(";")[0]
