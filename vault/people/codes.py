"""Sign-in codes: eight digits mailed to an address, typed into the browser that asked.

Whoever types the right code can read that mailbox; no more is proved. Mail can be slow, so a code
lives for ten minutes and several may be alive at once, any of which will do.

Promises that a code signs in once, in one browser, as the address it was mailed to; that an address
nobody knows is treated like any other; and that the database holds neither codes nor visits, only
marks made with a secret that it does not have.
Must never tell apart a code that is wrong, expired, used or another browser's.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from vault import identifier
from vault.address import Address
from vault.errors import CodeRefused, TooMany
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages.facts import address_of
from vault.people import attempts
from vault.secrets import Secret, mac
from vault.sending.posting import Kind, post
from vault.spelling import known_spelling
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, record

DIGITS = 8
LIFE = timedelta(minutes=10)
TRIES = 5  # wrong codes, after which a code is dead
KEPT_FOR = timedelta(days=2)  # longer than the windows in which attempts are counted
VISIT_SIZE = 16  # bytes, at least
_FORM = re.compile(rf"[0-9]{{{DIGITS}}}")


def ask(
    store: Store,
    sealing: SealingKeys,
    web_secret: Secret,
    typed: Address,
    visit: bytes,
    origin: Origin,
) -> None:
    """Mail a code to `typed`, or to the one spelling of it that is known (see `vault.spelling`).

    `visit` is what the browser is recognised by, at least 16 random bytes. Raises TooMany and
    StoreUnavailable. Nothing that is returned or raised depends on whether the address is known.
    """
    if len(visit) < VISIT_SIZE:
        raise ValueError(f"a visit has at least {VISIT_SIZE} bytes")
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    network = attempts.network_of(origin.ip)
    with store.writing(turns.mailbox(typed.folded()), turns.network(network)) as tx:
        attempts.check_asking(tx, typed.folded(), network)
        identity = known_spelling(tx, typed)
        row_id = identifier.draw()
        row = {
            "id": row_id,
            "address": str(identity),
            "folded": identity.folded(),
            "visit": _visit_mark(web_secret, visit),
            "code": _code_mark(web_secret, row_id, str(identity), visit, code),
            "asked_at": tx.now,
            "expires_at": tx.now + LIFE,
            "tries": 0,
            "network": network,
        }
        codes = tables.sign_in_codes
        old = select(codes.c.id).where(codes.c.asked_at < tx.now - KEPT_FOR)
        tx.execute(delete(codes).where(codes.c.id.in_(old.with_for_update(skip_locked=True))))
        tx.execute(insert(codes), [row])
        fields = {"code": code, "minutes": str(LIFE // timedelta(minutes=1))}
        post(tx, sealing, Kind.CODE, identity, fields)
        record(tx, Act.CODE_ASKED, subject=str(identity), origin=origin)


def answer(store: Store, web_secret: Secret, visit: bytes, code: str, origin: Origin) -> Address:
    """Return the address that a typed code proves, and use the code up.

    A wrong code counts against every live code of the browser. Raises CodeRefused, TooMany if the
    address has seen too many wrong codes, and StoreUnavailable.
    """
    if not _FORM.fullmatch(code):
        raise CodeRefused
    with store.writing() as tx:
        mark = _visit_mark(web_secret, visit)
        tx.take_turns(*{turns.mailbox(row.folded) for row in _live(tx, mark)})
        live = _live(tx, mark)
        waits = {row.folded: attempts.wait_for_trying(tx, row.folded) for row in live}
        tried = _spend_a_try(tx, [row.id for row in live if waits[row.folded] is None])
        found = [row for row in tried if _matches(row, web_secret, visit, code)]
        if found and _use(tx, found[0].id):
            _accept(tx, found[0], tried, origin)
            return address_of(found[0].address)
        attempts.count_failure(tx, sorted({row.folded for row in tried}))
        for address in sorted({row.address for row in tried}):
            record(tx, Act.CODE_REFUSED, subject=address, origin=origin)
    if not tried and (blocked := [wait for wait in waits.values() if wait is not None]):
        raise TooMany(min(blocked))
    raise CodeRefused


def _live(tx: Transaction, mark: bytes) -> Sequence[Any]:
    code = tables.sign_in_codes.c
    live = (code.visit == mark, code.used_at.is_(None), code.expires_at > tx.now)
    return tx.execute(select(code.id, code.folded).where(*live, code.tries < TRIES)).all()


def _spend_a_try(tx: Transaction, row_ids: list[str]) -> Sequence[Any]:
    """Count a try before looking, so that many answers at once get no more than their number."""
    codes = tables.sign_in_codes
    row = codes.c
    usable = (row.id.in_(row_ids), row.used_at.is_(None), row.tries < TRIES)
    spent = update(codes).where(*usable).values(tries=row.tries + 1)
    return tx.execute(spent.returning(row.id, row.address, row.folded, row.code)).all()


def _use(tx: Transaction, row_id: str) -> bool:
    """Use a code up; False if that was done before."""
    codes = tables.sign_in_codes
    unused = (codes.c.id == row_id, codes.c.used_at.is_(None))
    return tx.execute(update(codes).where(*unused).values(used_at=tx.now)).rowcount == 1


def _accept(tx: Transaction, row: Any, tried: Sequence[Any], origin: Origin) -> None:
    """Give back the tries that were no failures, and end the browser's other codes."""
    codes = tables.sign_in_codes
    these = codes.c.id.in_([one.id for one in tried])
    tx.execute(update(codes).where(these).values(tries=codes.c.tries - 1, used_at=tx.now))
    attempts.forget_failures(tx, row.folded)
    record(tx, Act.CODE_ACCEPTED, actor=row.address, origin=origin)


def _matches(row: Any, web_secret: Secret, visit: bytes, code: str) -> bool:
    mark = _code_mark(web_secret, row.id, row.address, visit, code)
    return hmac.compare_digest(mark, row.code)


def _visit_mark(web_secret: Secret, visit: bytes) -> bytes:
    return mac(web_secret, "codes/visit", visit)


def _code_mark(web_secret: Secret, row_id: str, address: str, visit: bytes, code: str) -> bytes:
    """Tie the code to its row, address and browser: moving it to another row makes it wrong."""
    return mac(web_secret, "codes/code", row_id.encode(), address.encode(), visit, code.encode())
