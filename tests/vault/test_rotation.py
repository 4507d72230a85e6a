"""Rotation: what seals changes at once, what was sealed stays readable, and nothing is lost."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select, update

from tests.blank import blank_vault
from tests.vault.bench import ALICE, BOB, CAROL, HandClock, Keys, Safe
from tests.vault.lockup import BOSS, Lockup
from vault.errors import KeyUnusable, StoreUnavailable, Tampered
from vault.hold import lists as held
from vault.keys import load_relay, load_sealing, resealing, rotation
from vault.keys import ring as keyring
from vault.keys.halves import OpeningHalves
from vault.keys.hpke import binding, prefix_of
from vault.keys.opening import load_opening
from vault.keys.place import KeyPlace
from vault.keys.ring import KeyState
from vault.secrets import Secret
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

INFO = binding("test")


@pytest.fixture
def safe(tmp_path: Path, clock: HandClock) -> Iterator[Safe]:
    """A safe with keys of its own, which may be changed."""
    store = Store(
        VaultSettings(folder=blank_vault(tmp_path / "data")), checkpoints=True, clock=clock
    )
    yield Safe(store, Keys.new(tmp_path / "keys"), clock)
    store.close()


@pytest.fixture
def place(safe: Safe) -> KeyPlace:
    return KeyPlace(safe.keys.folder)


def active(place: KeyPlace, pair: str = "vault") -> str:
    return place.ring(pair).active.id


def reseal(safe: Safe, place: KeyPlace, pair: str) -> int:
    """Seal anew all there is; returns how many values."""
    older = [key.id for key in place.ring(pair).keys if key.state is KeyState.OPENING]
    opener = safe.keys.opening.vault if pair == "vault" else safe.keys.relay.relay
    sealer = safe.keys.sealing.vault if pair == "vault" else safe.keys.sealing.relay
    batches = list(resealing.reseal(safe.store, pair, opener, sealer, older))
    assert sum(batch.unreadable for batch in batches) == 0
    return sum(batch.done for batch in batches)


def fill(safe: Safe) -> tuple[str, str, str]:
    """Put in one of everything that is sealed to a pair: a package, a held mail, a refused one."""
    lockup = Lockup(safe)
    package_id = safe.package(BOB, queued=(CAROL,))
    waiting, refused = lockup.hold(b"one"), lockup.hold(b"two")
    lockup.ask(refused, whom=(BOSS,))
    lockup.decline(refused, by=BOSS, reason="Ring them instead")
    return package_id, waiting, refused


def holding_key(safe: Safe, key_id: str) -> set[tuple[str, str]]:
    """Every column of the database in which a value is sealed to a key, wherever that may be."""
    found = set()
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, LargeBinary):
                with safe.store.reading() as tx:
                    values = tx.execute(select(column)).scalars().all()
                if any(value and prefix_of(key_id) in value for value in values):
                    found.add((table.name, column.name))
    return found


def test_a_new_key_seals_at_once_in_who_has_loaded_the_old_one(safe: Safe, place: KeyPlace) -> None:
    sealing, opening = safe.keys.sealing.vault, safe.keys.opening.vault
    before, sealed = active(place), sealing.seal(b"old", INFO)
    key = rotation.rotate(place, "vault", safe.clock())
    assert key.state is KeyState.ACTIVE
    assert key.id == active(place) != before
    assert sealing.seal(b"new", INFO).startswith(prefix_of(key.id))
    assert opening.open(sealing.seal(b"new", INFO), INFO) == b"new"
    assert opening.open(sealed, INFO) == b"old"
    states = {key.id: key.state for key in place.ring("vault").keys}
    assert states == {before: KeyState.OPENING, key.id: KeyState.ACTIVE}
    assert active(place, "relay") == load_sealing(place.folder).relay.key_id  # type: ignore[attr-defined]


def test_who_starts_after_a_rotation_opens_both(safe: Safe, place: KeyPlace) -> None:
    sealed = [safe.keys.sealing.vault.seal(b"0", INFO)]
    for number in (b"1", b"2"):
        rotation.rotate(place, "vault", safe.clock())
        sealed.append(load_sealing(place.folder).vault.seal(number, INFO))
    opening = load_opening(place.folder).vault
    assert [opening.open(value, INFO) for value in sealed] == [b"0", b"1", b"2"]
    assert len({value[:10] for value in sealed}) == 3


def test_a_change_that_no_time_stamp_shows_is_seen(
    safe: Safe, place: KeyPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes within one tick of the file system's clock may look like one."""
    still = place.stamp("vault")
    monkeypatch.setattr(KeyPlace, "stamp", lambda *_: still)
    rotation.rotate(place, "vault", safe.clock())
    sealed = load_sealing(place.folder).vault.seal(b"new", INFO)
    assert safe.keys.opening.vault.open(sealed, INFO) == b"new"
    with pytest.raises(Tampered):
        safe.keys.opening.vault.open(prefix_of("0" * 16) + sealed[10:], INFO)


def test_who_starts_while_a_key_is_being_destroyed_starts(
    safe: Safe, place: KeyPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, read = active(place), KeyPlace.ring
    rotation.rotate(place, "vault", safe.clock())
    before = place.ring("vault")
    rotation.destroy(place, "vault", old, safe.clock() + 2 * rotation.QUIET, lambda _: 0)
    rings = [before]  # read before it was destroyed, and its file looked for afterwards
    monkeypatch.setattr(
        KeyPlace, "ring", lambda self, name: rings.pop() if rings else read(self, name)
    )
    fresh = load_opening(place.folder).vault
    assert isinstance(fresh, OpeningHalves)
    assert fresh.key_ids == {active(place)}
    monkeypatch.setattr(KeyPlace, "ring", lambda *_: before)
    with pytest.raises(KeyUnusable):
        load_opening(place.folder)


@pytest.mark.parametrize("pair", ["vault", "relay"])
def test_everything_is_sealed_anew_and_content_is_not_touched(
    safe: Safe, place: KeyPlace, pair: str
) -> None:
    package_id, waiting, refused = fill(safe)
    old = active(place, pair)
    rows, summaries = safe.rows("contents"), [row.summary for row in safe.rows("packages")]
    columns = {(one.table.name, one.column) for one in resealing.SEALED if one.pair == pair}
    assert holding_key(safe, old) == columns, "whatever is sealed to a pair is in SEALED"
    assert rotation.rotate(place, pair, safe.clock()).id != old
    standing = resealing.standing(safe.store, pair, old)
    assert reseal(safe, place, pair) == standing > 1
    assert holding_key(safe, old) == set()
    assert holding_key(safe, active(place, pair)) == columns
    assert resealing.standing(safe.store, pair, old) == 0
    assert reseal(safe, place, pair) == 0
    assert safe.rows("contents") == rows
    assert [row.summary for row in safe.rows("packages")] == summaries
    assert safe.open(BOB, package_id)
    assert Lockup(safe).look(waiting).slip.recipients == (BOB,)
    assert held.answer(safe.store, safe.keys.opening, ALICE, refused) == "Ring them instead"
    sent = {(item.kind, str(item.to)) for item in safe.deliver_all()}
    assert {("relay", str(CAROL)), ("notice", str(BOB))} <= sent


def test_batches_follow_each_other_over_more_than_one(
    safe: Safe, place: KeyPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "AT_ONCE", 4)
    packages = [safe.package(BOB, body=b"%d" % number) for number in range(11)]
    rotation.rotate(place, "vault", safe.clock())
    late = safe.package(BOB, body=b"late")
    assert reseal(safe, place, "vault") == 11
    assert [safe.open(BOB, one) for one in packages] == [b"%d" % n for n in range(11)]
    assert safe.open(BOB, late) == b"late"


class Meddler:
    """Seals, and has something happen before what it has sealed is written."""

    def __init__(self, sealer: Any, meanwhile: Any) -> None:
        self._sealer, self._meanwhile = sealer, meanwhile

    def seal(self, plain: bytes, info: bytes) -> bytes:
        self._meanwhile()
        return bytes(self._sealer.seal(plain, info))

    def wrap(self, secret: Secret, info: bytes) -> bytes:
        return self.seal(secret.reveal(), info)


def test_what_is_destroyed_meanwhile_stays_destroyed(safe: Safe, place: KeyPlace) -> None:
    package_id = safe.package(BOB)
    old = active(place)
    rotation.rotate(place, "vault", safe.clock())

    def shred() -> None:
        with safe.store.writing() as tx:
            chosen = tables.packages.c.id == package_id
            tx.execute(update(tables.packages).where(chosen).values(wrapped=None))

    sealer = Meddler(safe.keys.sealing.vault, shred)
    batches = resealing.reseal(safe.store, "vault", safe.keys.opening.vault, sealer, [old])
    assert [batch.done for batch in batches] == [0]
    assert [row.wrapped for row in safe.rows("packages")] == [None]


def test_what_opens_with_no_key_is_counted_and_left_as_it_is(safe: Safe, place: KeyPlace) -> None:
    good, bad = safe.package(BOB, body=b"good"), safe.package(BOB, body=b"bad")
    (wrapped,) = [row.wrapped for row in safe.rows("packages") if row.id == bad]
    forged = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    with safe.store.writing() as tx:
        chosen = tables.packages.c.id == bad
        tx.execute(update(tables.packages).where(chosen).values(wrapped=forged))
    old = active(place)
    rotation.rotate(place, "vault", safe.clock())
    opener, sealer = safe.keys.opening.vault, safe.keys.sealing.vault
    (batch,) = resealing.reseal(safe.store, "vault", opener, sealer, [old])
    assert (batch.done, batch.unreadable) == (1, 1)
    assert safe.open(BOB, good) == b"good"
    assert {row.wrapped for row in safe.rows("packages") if row.id == bad} == {forged}


def destroy(safe: Safe, place: KeyPlace, key_id: str) -> None:
    rotation.destroy(
        place,
        "vault",
        key_id,
        safe.clock(),
        lambda one: resealing.standing(safe.store, "vault", one),
    )


def test_a_key_is_destroyed_only_when_nothing_can_need_it(safe: Safe, place: KeyPlace) -> None:
    package_id, old = safe.package(BOB), active(place)
    sealed = safe.keys.sealing.vault.seal(b"old", INFO)
    with pytest.raises(KeyUnusable, match="is the active one"):
        destroy(safe, place, old)
    rotation.rotate(place, "vault", safe.clock())
    with pytest.raises(KeyUnusable, match="60 minutes"):
        destroy(safe, place, old)
    safe.clock.advance(minutes=61)
    with pytest.raises(KeyUnusable, match="still needed: 1 values"):
        destroy(safe, place, old)
    assert safe.keys.opening.vault.open(sealed, INFO) == b"old"
    reseal(safe, place, "vault")
    destroy(safe, place, old)
    assert {path.name for path in place.folder.glob("vault*")} == {
        *(f"vault-{active(place)}.private", f"vault-{active(place)}.public", "vault.ring")
    }
    assert place.ring("vault").find(old).state is KeyState.DESTROYED
    assert safe.open(BOB, package_id)
    for opening in (safe.keys.opening.vault, load_opening(place.folder).vault):
        with pytest.raises(Tampered):
            opening.open(sealed, INFO)
    destroy(safe, place, old)  # a second time changes nothing
    with pytest.raises(KeyUnusable, match="no key"):
        destroy(safe, place, "0" * 16)


def test_a_destroyed_file_is_overwritten_before_it_is_deleted(safe: Safe, place: KeyPlace) -> None:
    old = active(place)
    path = place.folder / "vault.private"
    os.link(path, place.folder / "watched")
    before = path.read_bytes()
    rotation.rotate(place, "vault", safe.clock())
    safe.clock.advance(hours=2)
    destroy(safe, place, old)
    after = (place.folder / "watched").read_bytes()
    assert len(after) == len(before)
    assert before[30:60] not in after


def test_a_staged_key_seals_only_when_the_other_is_retired(safe: Safe, place: KeyPlace) -> None:
    old = active(place)
    staged = rotation.rotate(place, "vault", safe.clock(), stage=True)
    assert (staged.state, active(place)) == (KeyState.READY, old)
    assert safe.keys.sealing.vault.seal(b"", INFO).startswith(prefix_of(old))
    with pytest.raises(KeyUnusable, match=f"key {staged.id} of vault is ready"):
        rotation.rotate(place, "vault", safe.clock())
    with pytest.raises(KeyUnusable, match="is ready, not active"):
        rotation.retire(place, "vault", staged.id, safe.clock())
    assert rotation.retire(place, "vault", old[:6], safe.clock()).id == staged.id
    assert safe.keys.sealing.vault.seal(b"", INFO).startswith(prefix_of(staged.id))
    with pytest.raises(KeyUnusable, match="no key of vault is ready"):
        rotation.retire(place, "vault", staged.id, safe.clock())


def test_a_key_does_not_seal_before_its_opening_half_is_there(safe: Safe, place: KeyPlace) -> None:
    """As on a machine that the key folder was copied to in part."""
    old = active(place)
    staged = rotation.rotate(place, "vault", safe.clock(), stage=True)
    (place.folder / f"vault-{staged.id}.private").unlink()
    with pytest.raises(KeyUnusable, match="missing"):
        rotation.retire(place, "vault", old, safe.clock())
    assert active(place) == old
    with pytest.raises(KeyUnusable, match=f"vault-{staged.id}|{staged.id} is missing"):
        load_opening(place.folder)


def test_a_damaged_ring_stops_a_start_and_no_running_process(safe: Safe, place: KeyPlace) -> None:
    rotation.rotate(place, "vault", safe.clock())
    sealed = safe.keys.sealing.vault.seal(b"x", INFO)
    assert safe.keys.opening.vault.open(sealed, INFO) == b"x"
    ring = place.folder / "vault.ring"
    genuine = ring.read_text()
    two_active = genuine.replace("opening", "active")
    for damaged in ("", "sealgate-ring 2\n", genuine[: len(genuine) // 2], two_active, "\xff"):
        ring.write_text(damaged, encoding="latin-1")
        with pytest.raises(KeyUnusable, match=r"vault\.ring"):
            load_sealing(place.folder)
        assert safe.keys.sealing.vault.seal(b"x", INFO)[:10] == sealed[:10]
        assert safe.keys.opening.vault.open(sealed, INFO) == b"x"


def test_nothing_is_sealed_to_a_key_that_is_destroyed(safe: Safe, place: KeyPlace) -> None:
    """Were the new one missing on this machine, mail would wait with its senders."""
    old = active(place)
    ring = place.ring("vault").changed(
        safe.clock(), **{old: KeyState.DESTROYED, "0" * 16: KeyState.ACTIVE}
    )
    keyring.write(place.folder, "vault", ring)
    with pytest.raises(StoreUnavailable):
        safe.keys.sealing.vault.seal(b"x", INFO)


def test_the_relay_pair_opens_what_is_queued_before_and_after(safe: Safe, place: KeyPlace) -> None:
    safe.put(BOB, queued=(CAROL,))
    rotation.rotate(place, "relay", safe.clock())
    safe.put(BOB, queued=(CAROL,), body=b"after")
    fresh = load_relay(place.folder)
    assert isinstance(fresh.relay, OpeningHalves)
    assert len(fresh.relay.key_ids) == 2
    assert len(safe.deliver_all()) == 4
