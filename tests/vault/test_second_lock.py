"""The second lock: neither the keys of the server nor the whole database open it without words."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.vault.bench import ALICE, BOB, CAROL, EVE, HERE, ON_SQLITE, HandClock, Keys, Safe
from vault.address import Address
from vault.errors import (
    AccessDenied,
    CannotLock,
    SecondLocked,
    StoreUnavailable,
    Tampered,
    TooMany,
    WrongWords,
)
from vault.keys import resealing, rotation
from vault.keys.place import KeyPlace
from vault.packages import catalogue, phrase, second_lock
from vault.packages.facts import key_binding, unwrap_key
from vault.people import guesses
from vault.secrets import Secret
from vault.storage import tables
from vault.storage.store import Store

MARKER = b"Subject: Plan\r\n\r\nThe marker is zanzibar."


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase, "MEMORY", 1024)


def lock(safe: Safe, package_id: str) -> Secret:
    safe.deliver_all()
    keys = (safe.keys.opening, safe.keys.sealing)
    return second_lock.add(safe.store, *keys, ALICE, package_id, HERE)


def unlock(safe: Safe, package_id: str, words: Secret, reader: Address = BOB) -> Safe:
    """Type the words; the safe with what they make."""
    keys = (safe.keys.opening, safe.keys.sealing)
    key = second_lock.unlock(safe.store, *keys, reader, package_id, words, HERE)
    opening = replace(safe.keys.opening, second={package_id: key})
    return Safe(safe.store, replace(safe.keys, opening=opening), safe.clock)


def other(words: Secret) -> Secret:
    """Words of which one is another."""
    *most, last = words.reveal().split()
    return Secret(b" ".join([*most, b"zoo" if last != b"zoo" else b"zone"]))


def test_a_locked_package_opens_with_its_words_alone(safe: Safe) -> None:
    package_id = safe.package(BOB, body=MARKER)
    words = lock(safe, package_id)
    acts = safe.acts()
    for reader in (BOB, ALICE):
        with pytest.raises(SecondLocked):
            safe.open(reader, package_id)
    assert safe.acts() == acts, "nobody has opened it"
    (row,) = safe.rows("packages")
    with pytest.raises(Tampered):
        unwrap_key(safe.keys.opening.vault, package_id, row.wrapped)
    for reader in (BOB, ALICE):
        assert unlock(safe, package_id, words, reader).open(reader, package_id) == MARKER
    with pytest.raises(WrongWords):
        unlock(safe, package_id, other(words))
    made = [act for act in safe.acts() if act.startswith("lock:")]
    assert made == ["lock:set", "lock:opened", "lock:opened", "lock:refused"]


@ON_SQLITE  # the files of a server are not here
def test_nothing_that_is_stored_is_the_words_or_what_they_make(safe: Safe) -> None:
    package_id = safe.package(BOB, body=MARKER)
    words = lock(safe, package_id)
    key = unlock(safe, package_id, words).keys.opening.second[package_id]
    safe.store.close()
    kept = b"".join(path.read_bytes() for path in safe.folder.rglob("*") if path.is_file())
    for secret in (words.reveal(), words.reveal().title(), key.reveal(), MARKER):
        assert secret not in kept
    assert package_id.encode() in kept  # the control


def test_the_subject_is_locked_too(safe: Safe) -> None:
    package_id = safe.package(BOB)
    words = lock(safe, package_id)
    (line,) = catalogue.received(safe.store, safe.keys.opening, BOB).items
    assert (line.summary.subject, line.package.locked) == ("Locked message", True)
    opened = unlock(safe, package_id, words)
    (line,) = catalogue.received(safe.store, opened.keys.opening, BOB).items
    assert line.summary.subject == "A plan"


def test_only_the_owner_locks_and_only_once(safe: Safe) -> None:
    package_id = safe.package(BOB)
    keys = (safe.keys.opening, safe.keys.sealing)
    for stranger in (BOB, EVE):
        with pytest.raises(AccessDenied):
            second_lock.add(safe.store, *keys, stranger, package_id, HERE)
    lock(safe, package_id)
    with pytest.raises(CannotLock, match="already"):
        lock(safe, package_id)


def test_what_is_also_still_to_be_sent_in_the_clear_is_not_locked(safe: Safe) -> None:
    package_id = safe.package(BOB, queued=(CAROL,))
    keys = (safe.keys.opening, safe.keys.sealing)
    with pytest.raises(CannotLock, match="ordinary copy"):
        second_lock.add(safe.store, *keys, ALICE, package_id, HERE)
    lock(safe, package_id)  # once it is sent
    destroyed = safe.package(BOB, body=b"other")
    with safe.store.writing() as tx:
        chosen = tables.packages.c.id == destroyed
        tx.execute(update(tables.packages).where(chosen).values(wrapped=None))
    with pytest.raises(CannotLock, match="destroyed"):
        lock(safe, destroyed)


def test_wrong_tries_are_few_for_each_reader_and_return_with_time(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL)
    words = lock(safe, package_id)
    for _ in range(second_lock.TRIES):
        with pytest.raises(WrongWords):
            unlock(safe, package_id, other(words))
    with pytest.raises(TooMany):
        unlock(safe, package_id, words)
    unlock(safe, package_id, words, CAROL)
    safe.clock.advance(minutes=11)
    unlock(safe, package_id, words)
    for _ in range(second_lock.TRIES):  # the right words begin to count anew
        with pytest.raises(WrongWords):
            unlock(safe, package_id, other(words))
    assert guesses.HALVED_AFTER.total_seconds() == 600


def test_who_may_not_open_it_may_not_try_words(safe: Safe) -> None:
    package_id = safe.package(BOB)
    words = lock(safe, package_id)
    with pytest.raises(AccessDenied):
        unlock(safe, package_id, words, EVE)
    safe.clock.advance(minutes=1)
    assert "lock:refused" not in safe.acts()


def test_words_of_one_package_open_no_other(safe: Safe) -> None:
    """Not even where somebody has moved what is stored from one row to the other."""
    first, second = safe.package(BOB, body=b"one"), safe.package(BOB, body=b"two")
    words = lock(safe, first)
    lock(safe, second)
    with pytest.raises(WrongWords):
        unlock(safe, second, words)
    rows = {row.id: row for row in safe.rows("packages")}
    moved = {"wrapped": rows[first].wrapped, "second_lock": rows[first].second_lock}
    with safe.store.writing() as tx:
        chosen = tables.packages.c.id == second
        tx.execute(update(tables.packages).where(chosen).values(**moved))
    with pytest.raises(Tampered):
        unlock(safe, second, words)


@pytest.mark.parametrize("forged", [b"", b"\x02", bytes(31), b"\x01\x01" + b"\xff" * 25])
def test_forged_parameters_are_refused_before_they_cost_anything(safe: Safe, forged: bytes) -> None:
    with pytest.raises(Tampered):
        phrase.derive(Secret(b"words"), forged)


def test_a_locked_package_is_sealed_anew_like_any_other(store: Store, tmp_path: Path) -> None:
    safe = Safe(store, Keys.new(tmp_path / "keys"), HandClock())
    package_id = safe.package(BOB, body=MARKER)
    words = lock(safe, package_id)
    place = KeyPlace(safe.keys.folder)
    old = place.ring("vault").active.id
    rotation.rotate(place, "vault", safe.clock())
    keys = safe.keys
    (batch,) = resealing.reseal(safe.store, "vault", keys.opening.vault, keys.sealing.vault, [old])
    assert (batch.done, batch.unreadable) == (1, 0)
    assert unlock(safe, package_id, words).open(BOB, package_id) == MARKER


def test_a_lock_that_meets_a_change_of_keys_gives_way(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_id = safe.package(BOB)
    safe.deliver_all()
    derive = phrase.derive

    def meanwhile(words: Secret, stored: bytes) -> Secret:
        (row,) = safe.rows("packages")
        key = unwrap_key(safe.keys.opening.vault, package_id, row.wrapped)
        anew = safe.keys.sealing.vault.wrap(key, key_binding(package_id))
        with safe.store.writing() as tx:
            tx.execute(update(tables.packages).values(wrapped=anew))
        return derive(words, stored)

    monkeypatch.setattr(phrase, "derive", meanwhile)
    with pytest.raises(StoreUnavailable):
        lock(safe, package_id)
    assert safe.open(BOB, package_id)


def test_phrases_are_read_however_they_are_typed() -> None:
    words = phrase.draw()
    text = words.reveal().decode()
    assert len(text.split()) == phrase.WORDS
    short = [word[: phrase.LETTERS] for word in text.split()]
    for typed in (text, text.upper(), f"  {text}\n", text.replace(" ", "-"), ", ".join(short)):
        assert phrase.parse(typed) == words
    assert phrase.draw() != words
    assert len(phrase._known()) == 2048
    for typed, place in (
        ("", 0),
        ("zoo " * 5, 0),
        ("zoo " * 7, 0),
        ("zoo zoo zap zoo zoo zoo", 3),
        ("zoo zoo zoo zoo zoo zoology", 6),
        ("zo" + " zoo" * 5, 1),
    ):
        with pytest.raises(phrase.NotAWord) as wrong:
            phrase.parse(typed)
        assert wrong.value.place == place
