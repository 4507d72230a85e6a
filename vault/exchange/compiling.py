"""Compiling a dossier: reading everything that the database knows of one package.

Promises one state of the database, and that no key is needed: what is sealed is handed on as it
is, for whoever holds the key. Must never change anything.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from vault.exchange import dossier
from vault.exchange.dossier import Dossier, History, State
from vault.packages import facts
from vault.storage import tables
from vault.storage.store import Transaction
from vault.trail import evidence

Row = Mapping[Any, Any]
_GRANT = ("address", "visible", "notify", "reports", "state", "notice", "added_at", "opened_at")
_REQUEST = ("id", "requester", "asked_at", "state", "decided_at")
_LINE = ("strand", "number", "at", "act", "actor", "subject", "ip", "agent", "detail", "policy")
_PACKAGE = (
    "id", "reference", "author", "owner", "sealed_at", "expires_at", "not_before", "reply_allowed",
    "view_only", "sign_in", "protection", "open_hours", "kept_after_expiry", "retention",
    "destroy_at", "reminders", "conversation", "size", "policy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who hands dossiers out: the export, the organisation and the name of its audit key."""

    export: str
    organisation: str
    audit_key: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """A dossier without content, and what the vault keeps of the content, sealed."""

    dossier: Dossier
    content_id: str | None
    wrapped: bytes | None
    second_lock: bytes | None
    summary: bytes


def compile_dossier(tx: Transaction, package_id: str, issuer: Issuer) -> Compiled:
    """Read what is known of a package that is there. Its state is DESTROYED, or UNREADABLE yet."""
    package = tables.packages
    row = tx.execute(select(package).where(package.c.id == package_id)).mappings().one()
    gone = row["wrapped"] is None
    told = Dossier.model_construct(
        format=dossier.FORMAT,
        export=issuer.export,
        taken_at=tx.now,
        state=State.DESTROYED if gone else State.UNREADABLE,
        note="Its content was destroyed: nothing of it is left to be exported." if gone else "",
        content=None,
        lock=None,
        summary=None,
        **{name: row[name] for name in _PACKAGE},
        because=json.loads(row["because"]),
        found=json.loads(row["found"]),
        grants=_grants(tx, package_id),
        requests=_requests(tx, package_id),
        legal_holds=_legal_holds(tx, package_id),
        destruction=_destruction(tx, package_id),
        history=[*evidence.find(tx, package_id), _own(tx, package_id, issuer)],
    )
    return Compiled(told, row["content_id"], row["wrapped"], row["second_lock"], row["summary"])


def summary_told(summary: facts.Summary) -> dossier.Summary:
    """Return an opened summary as a dossier has it."""
    return dossier.Summary.model_construct(
        subject=summary.subject,
        author_name=summary.author_name,
        to=list(summary.to),
        cc=list(summary.cc),
        attachments=list(summary.attachments),
        sent_at=summary.sent_at,
    )


def lock_told(compiled: Compiled, enclosed: bytes) -> dossier.Lock:
    """Return what a dossier has of a second lock; only its words open the key in `enclosed`."""
    return dossier.Lock.model_construct(
        content_id=compiled.content_id or "",
        parameters=b64encode(compiled.second_lock or b"").decode(),
        enclosed=b64encode(enclosed).decode(),
        summary=b64encode(compiled.summary).decode(),
    )


def _grants(tx: Transaction, package_id: str) -> list[dossier.Grant]:
    grant = tables.grants
    wanted = select(grant).where(grant.c.package_id == package_id).order_by(grant.c.id)
    names = (*_GRANT, "downloads", "reminded")
    return [dossier.Grant.model_construct(**_some(row, names)) for row in _rows(tx, wanted)]


def _requests(tx: Transaction, package_id: str) -> list[dossier.Request]:
    one = tables.access_requests
    wanted = select(one).where(one.c.package_id == package_id).order_by(one.c.asked_at, one.c.id)
    return [dossier.Request.model_construct(**_some(row, _REQUEST)) for row in _rows(tx, wanted)]


def _legal_holds(tx: Transaction, package_id: str) -> list[dossier.LegalHold]:
    hold = tables.legal_holds
    wanted = select(hold).where(hold.c.package_id == package_id)
    names = tuple(dossier.LegalHold.model_fields)
    rows = _rows(tx, wanted.order_by(hold.c.placed_at, hold.c.id))
    return [dossier.LegalHold.model_construct(**_some(row, names)) for row in rows]


def _destruction(tx: Transaction, package_id: str) -> dossier.Destroyed | None:
    gone = tables.destructions
    for row in _rows(tx, select(gone).where(gone.c.package_id == package_id)):
        certificate = row["certificate"]
        return dossier.Destroyed.model_construct(
            destroyed_at=row["destroyed_at"],
            cause=row["cause"],
            certificate=None if certificate is None else certificate.decode(),
        )
    return None


def _own(tx: Transaction, package_id: str, issuer: Issuer) -> History:
    event = tables.events
    wanted = select(event).where(event.c.package_id == package_id)
    rows = _rows(tx, wanted.order_by(event.c.at, event.c.id))
    lines = [line_told(row) for row in rows]
    return History.model_construct(
        organisation=issuer.organisation, audit_key=issuer.audit_key, lines=lines
    )


def line_told(row: Row) -> dossier.AuditLine:
    """Return a line of an audit trail as a dossier has it."""
    hashed = row["hash"].hex() if row["hash"] is not None else None
    return dossier.AuditLine.model_construct(**_some(row, _LINE), hash=hashed)


def _rows(tx: Transaction, wanted: Any) -> Iterable[Row]:
    return tx.execute(wanted).mappings().all()


def _some(row: Row, names: Iterable[str]) -> dict[str, Any]:
    return {name: _plain(row[name]) for name in names}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, datetime | bool | int) else str(value)
