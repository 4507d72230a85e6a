"""What comes back to a notice: whose it is, and what it may change.

A notice leaves with a token in its return path: the number of its grant and a MAC over grant,
package and address. Nobody can make one up, and a recipient's mail system, which has seen it, can
say of one notice that it did not arrive, and nothing else.

Promises that a return changes how a notice stands and nothing that opens or closes a package, that
the owner is told of a failure once, and that a flood of returns leaves a bounded trail.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, func, select, update

from vault import identifier
from vault.address import Address
from vault.keys import SealingKeys
from vault.packages.facts import address_of
from vault.secrets import mac
from vault.sending.posting import Kind, post
from vault.storage import tables, turns
from vault.storage.statements import Statement
from vault.storage.store import Store, Transaction
from vault.storage.tables import GrantState, NoticeState
from vault.trail.audit import Act, printable, record

PURPOSE = "return path"
MAC_LENGTH = 16  # letters of base32: 80 bits
MOST_LETTERS = 20  # Message-IDs of ours looked up for one return
MOST_A_DAY = 10  # lines of the trail for one notice
A_DAY = timedelta(days=1)

_TOKEN = re.compile(r"([0-9a-f]{1,12})([a-z2-7]{16})")
_GRANT_OF = Statement(
    select(tables.grants.c.id).where(
        tables.grants.c.package_id == bindparam("package"),
        tables.grants.c.address == bindparam("to"),
    )
)


@dataclass(frozen=True, slots=True)
class NoticeOf:
    """A notice that somebody tells of."""

    grant_id: int
    package_id: str
    address: Address


def token(store: Store, keys: SealingKeys, package_id: str, address: Address) -> str:
    """Return the token of a grant: lower-case letters and digits, at most 28; "" without one."""
    found = store.ask(_GRANT_OF, package=package_id, to=str(address))
    return _token(keys, found[0][0], package_id, str(address)) if found else ""


def newest_token(store: Store, keys: SealingKeys) -> str:
    """Return the token of the newest grant; "" where there is none."""
    grant = tables.grants.c
    wanted = select(grant.id, grant.package_id, grant.address).order_by(grant.id.desc()).limit(1)
    with store.reading() as tx:
        row = tx.execute(wanted).one_or_none()
    return _token(keys, row.id, row.package_id, row.address) if row else ""


def find(store: Store, keys: SealingKeys, text: str) -> NoticeOf | None:
    """Return whose notice a token names; None if nobody made it. Servers may change its case."""
    shape = _TOKEN.fullmatch(text.lower())
    if shape is None:
        return None
    grant = tables.grants.c
    wanted = select(grant.id, grant.package_id, grant.address).where(grant.id == int(shape[1], 16))
    with store.reading() as tx:
        row = tx.execute(wanted).one_or_none()
    # Compared in any case, so that it takes as long for a number that is not there.
    facts = (row.id, row.package_id, row.address) if row else (0, "", "")
    genuine = hmac.compare_digest(_token(keys, *facts), text.lower())
    return NoticeOf(row.id, row.package_id, address_of(row.address)) if row and genuine else None


def find_by_letter(store: Store, letters: list[str]) -> NoticeOf | None:
    """Return whose notice one of these Message-IDs (their local parts) is.

    They are drawn at random and stand in the notice alone, so they prove what a token proves; they
    are known for a month.
    """
    row, grant = tables.outbox.c, tables.grants.c
    known = [one for one in letters[:MOST_LETTERS] if identifier.is_identifier(one)]
    wanted = (
        select(grant.id, grant.package_id, grant.address)
        .join(
            tables.outbox,
            (row.package_id == grant.package_id) & (row.address == grant.address),
        )
        .where(row.id.in_(known), row.kind.in_([Kind.NOTICE, Kind.REMINDER]))
    )
    with store.reading() as tx:
        found = tx.execute(wanted.limit(1)).one_or_none()
    return NoticeOf(found.id, found.package_id, address_of(found.address)) if found else None


def failed(store: Store, sealing: SealingKeys, notice: NoticeOf, status: str) -> bool:
    """Record that a notice did not arrive, and tell the package's owner.

    False if that was known, or too much was said today: then nothing changes.
    """
    with store.writing(turns.package(notice.package_id)) as tx:
        grant = _grant(tx, notice)
        if grant.notice == NoticeState.BOUNCED or _too_many(tx, notice):
            return False
        _set(tx, notice, NoticeState.BOUNCED)
        _record(tx, notice, Act.NOTICE_BOUNCED, status)
        if grant.state == GrantState.ACTIVE and grant.reports:
            _tell_owner(tx, sealing, notice, status)
    return True


def delayed(store: Store, notice: NoticeOf, status: str) -> bool:
    """Record that a notice is late somewhere on its way. False if more is known already."""
    with store.writing(turns.package(notice.package_id)) as tx:
        if _grant(tx, notice).notice != NoticeState.RELAYED or _too_many(tx, notice):
            return False
        _set(tx, notice, NoticeState.DELAYED)
        _record(tx, notice, Act.NOTICE_DELAYED, status)
    return True


def delivered(store: Store, notice: NoticeOf) -> bool:
    """Record that a notice which was late has arrived. False if it was not late."""
    with store.writing(turns.package(notice.package_id)) as tx:
        if _grant(tx, notice).notice != NoticeState.DELAYED or _too_many(tx, notice):
            return False
        _set(tx, notice, NoticeState.RELAYED)
        _record(tx, notice, Act.NOTICE_RELAYED, "")
    return True


def answered(store: Store, notice: NoticeOf) -> bool:
    """Record that something automatic has answered; once a day is enough."""
    event = tables.events.c
    with store.writing(turns.package(notice.package_id)) as tx:
        if _count(tx, notice, event.act == Act.NOTICE_ANSWERED) or _too_many(tx, notice):
            return False
        _record(tx, notice, Act.NOTICE_ANSWERED, "")
    return True


def _token(keys: SealingKeys, grant_id: int, package_id: str, address: str) -> str:
    fields = (str(grant_id).encode(), package_id.encode(), address.encode())
    digest = mac(keys.marks, PURPOSE, *fields)[: MAC_LENGTH * 5 // 8]
    return f"{grant_id:x}{base64.b32encode(digest).decode('ascii').lower()}"


def _grant(tx: Transaction, notice: NoticeOf) -> tables.Grant:
    grant = tables.grants
    wanted = select(grant.c.notice, grant.c.state, grant.c.reports)
    row: tables.Grant = tx.execute(wanted.where(grant.c.id == notice.grant_id)).one()  # type: ignore[assignment]
    return row


def _set(tx: Transaction, notice: NoticeOf, state: NoticeState) -> None:
    grant = tables.grants
    tx.execute(update(grant).where(grant.c.id == notice.grant_id).values(notice=state))


def _record(tx: Transaction, notice: NoticeOf, act: Act, status: str) -> None:
    record(tx, act, package_id=notice.package_id, subject=str(notice.address), detail=status)


def _too_many(tx: Transaction, notice: NoticeOf) -> bool:
    event = tables.events.c
    ours = (Act.NOTICE_BOUNCED, Act.NOTICE_DELAYED, Act.NOTICE_RELAYED, Act.NOTICE_ANSWERED)
    return _count(tx, notice, event.act.in_(ours)) >= MOST_A_DAY


def _count(tx: Transaction, notice: NoticeOf, act: object) -> int:
    event = tables.events.c
    about = (event.package_id == notice.package_id, event.subject == str(notice.address))
    wanted = select(func.count()).where(*about, event.at > tx.now - A_DAY, act)  # type: ignore[arg-type]
    return int(tx.execute(wanted).scalar_one())


def _tell_owner(tx: Transaction, sealing: SealingKeys, notice: NoticeOf, status: str) -> None:
    package = tables.packages.c
    wanted = select(package.owner, package.reference).where(package.id == notice.package_id)
    row = tx.execute(wanted).one()
    fields = {
        "reference": row.reference,
        "recipient": str(notice.address),
        "status": printable(status),
        "what": "notice",
        "package_id": notice.package_id,
        "action": "failed",
    }
    owner = address_of(row.owner)
    post(tx, sealing, Kind.BOUNCE, owner, fields, package_id=notice.package_id)
