"""Upkeep clears away what nobody was promised, and nothing else."""

import os
from datetime import timedelta
from typing import Any

import pytest

from tests.vault.bench import BOB, CAROL, Safe
from tests.vault.test_deposit import LARGE, failing, files
from vault.contents.spool import Spool
from vault.ending.upkeep import Cleared, clear
from vault.errors import StoreUnavailable
from vault.storage import batches


def age(safe: Safe, hours: float) -> None:
    """Make every content file look `hours` older."""
    for path in (safe.folder / "contents").rglob("*"):
        if path.is_file():
            then = path.stat().st_mtime - hours * 3600
            os.utime(path, (then, then))


def test_a_file_without_a_row_goes_after_a_day_and_a_half(safe: Safe) -> None:
    kept = safe.package(BOB, body=LARGE)
    (mine,) = files(safe)
    with failing(safe, "packages"), pytest.raises(StoreUnavailable):
        safe.put(BOB, body=LARGE + b"x")
    half = Spool(safe.store)
    half.write(LARGE)
    assert len(files(safe)) == 3
    age(safe, 35)
    assert clear(safe.store) == Cleared(0, 0, 0)
    age(safe, 2)
    assert clear(safe.store) == Cleared(1, 1, 0)
    assert files(safe) == [mine]
    assert safe.open(BOB, kept) == LARGE
    half.abort()


def test_content_still_to_be_relayed_is_kept(safe: Safe) -> None:
    safe.put(queued=(BOB,), body=LARGE)
    age(safe, 24 * 365)
    assert clear(safe.store).orphans == 0
    (item,) = safe.claim()
    assert item.content is not None
    assert b"".join(item.content()) == LARGE


def test_settled_rows_go_after_a_month_and_waiting_ones_stay(safe: Safe) -> None:
    safe.put(BOB)
    safe.deliver_all()
    safe.put(CAROL)
    events = safe.rows("events")
    safe.clock.advance(days=29)
    assert clear(safe.store).rows == 0
    safe.clock.advance(days=2)
    assert clear(safe.store, abandoned_after=timedelta(0)).rows == 1
    assert [item.to for item in safe.claim()] == [CAROL]
    assert safe.rows("events") == events


def test_much_is_cleared_away_in_small_transactions(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[int] = []
    remove = batches.remove

    def counting(*of: Any) -> int:
        removed.append(remove(*of))
        return removed[-1]

    for number in range(7):
        safe.put(BOB, body=b"%d" % number)
    safe.deliver_all()
    safe.clock.advance(days=31)
    monkeypatch.setattr(batches, "AT_ONCE", 3)
    monkeypatch.setattr(batches, "remove", counting)
    assert clear(safe.store).rows == 7
    assert max(removed) == 3
    assert safe.rows("outbox") == safe.rows("receipts") == []


def test_receipts_go_with_the_duplicate_window(safe: Safe) -> None:
    safe.put(BOB)
    safe.clock.advance(hours=23)
    safe.put(CAROL)
    safe.clock.advance(hours=1)
    clear(safe.store)
    assert len(safe.rows("receipts")) == 1
    assert safe.put(CAROL).duplicate
