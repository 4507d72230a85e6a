"""Notes to senders: one at once, one at the end of the hour, and none is lost."""

from collections import Counter
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vault.bench import ALICE, BOB, HandClock, Keys, Safe
from vault.sending import outbox, warnings
from vault.sending.outbox import Kind
from vault.settings import VaultSettings
from vault.storage.store import Store

SAID = (
    ("warn-a", "Check the address."),
    ("warn-b", "An NHS number."),
    ("warn-c", "An NHS number."),
)


def warn(safe: Safe, reference: str = "7F3K-92QD") -> None:
    warnings.warn(safe.store, safe.keys.sealing, ALICE, reference, SAID)


def test_the_first_goes_at_once_with_each_sentence_once(safe: Safe) -> None:
    warn(safe)
    (item,) = safe.claim()
    assert (item.kind, item.to) == (Kind.WARNING, ALICE)
    assert item.fields == {
        "reference": "7F3K-92QD",
        "sentences": "Check the address.\nAn NHS number.",
        "rules": "warn-a, warn-b, warn-c",
    }


def test_what_follows_within_the_hour_is_one_mail_at_its_end(safe: Safe) -> None:
    start = safe.clock()
    warn(safe)
    safe.deliver_all()
    for number in range(1, 4):
        safe.clock.advance(minutes=10)
        warn(safe, f"AAAA-000{number}")
    safe.clock.advance(minutes=29)
    assert safe.claim() == []
    safe.clock.advance(minutes=1)
    (item,) = safe.claim()
    assert item.queued_at == start + timedelta(hours=1)
    found = warnings.gathered(safe.store, ALICE, item.fields)
    assert [one.reference for one in found] == ["AAAA-0001", "AAAA-0002", "AAAA-0003"]
    assert found[0].rules == "warn-a, warn-b, warn-c"
    assert found[0].at == start + timedelta(minutes=10)
    assert warnings.gathered(safe.store, BOB, item.fields) == []


def test_a_note_that_is_delayed_holds_up_no_other(safe: Safe) -> None:
    warn(safe)
    (item,) = safe.claim()
    assert outbox.postpone(safe.store, item, "4.2.1 x", safe.clock() + timedelta(minutes=50))
    safe.clock.advance(minutes=5)
    warn(safe, "BBBB-0001")
    assert len(safe.rows("outbox")) == 2


def test_at_most_one_an_hour_and_every_message_in_exactly_one(keys: Keys, tmp_path: Path) -> None:
    runs = count()

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 90), max_size=25))
    def run(gaps: list[int]) -> None:
        clock = HandClock()
        store = Store(VaultSettings(folder=tmp_path / str(next(runs))), clock=clock)
        safe = Safe(store, keys, clock)
        for number, gap in enumerate(gaps):
            clock.advance(minutes=gap)
            warn(safe, f"R{number}")
        clock.advance(hours=3)
        items = safe.claim(limit=100)
        times = sorted(item.queued_at for item in items)
        assert all(b - a >= timedelta(hours=1) for a, b in pairwise(times))
        told: Counter[str] = Counter()
        for item in items:
            if "until" in item.fields:
                found = warnings.gathered(store, ALICE, item.fields)
                told.update(one.reference for one in found)
            else:
                told[item.fields["reference"]] += 1
        assert told == Counter(f"R{number}" for number in range(len(gaps)))
        store.close()

    run()
