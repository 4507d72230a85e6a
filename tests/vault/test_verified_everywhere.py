"""The trail is verified alike on every database: what it was, and what was done to it."""

from pathlib import Path

from sqlalchemy import delete, select, update

from tests.vault.bench import ALICE, BOB, CAROL, HERE, Safe
from vault.keys import signing
from vault.packages import grants
from vault.storage import tables
from vault.trail import heads, lines, verifying
from vault.trail.lines import Wanted


def test_lines_of_any_database_are_verified(safe: Safe, tmp_path: Path) -> None:
    key = signing.make(tmp_path)
    package_id = safe.package(BOB, CAROL)
    safe.open(BOB, package_id)
    assert heads.make(safe.store, key) is not None
    safe.clock.advance(seconds=61)
    grants.revoke(safe.store, ALICE, package_id, BOB, HERE)
    assert heads.make(safe.store, key) is not None
    verdict = verifying.verify(safe.store, [key.public])
    assert verdict.findings.told == []
    assert (verdict.heads, verdict.unsigned) == (2, 0)
    assert verdict.lines == len(safe.rows("events")) == len(list(lines.told(safe.store, Wanted())))

    event = tables.events
    with safe.store.reading() as tx:
        chosen = tx.execute(select(event).order_by(event.c.id).offset(2)).first()
    assert chosen is not None
    for change in (
        update(event).values(actor="eve@elsewhere.example"),
        delete(event),
    ):
        with safe.store.writing() as tx:
            tx.execute(change.where(event.c.id == chosen.id))
        (told,) = verifying.verify(safe.store, [key.public]).findings.told
        assert f"line {chosen.number} " in told
