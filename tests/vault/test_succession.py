"""One key signs the audit trail after the other: the old one names the new one, or nobody believes.

With either of them as the one key that an auditor has.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from tests.blank import blank_vault
from tests.vault.bench import HandClock
from vault.errors import KeyUnusable
from vault.keys import signing
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store
from vault.trail import heads, verifying
from vault.trail.audit import Act, record
from vault.trail.heads import Head, NotItsTurn
from vault.trail.signed import Kept


class Trail:
    """A trail with two lines and a head by each of two keys; the first has named the second."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.old = signing.make(folder)
        self.write(self.old)
        self.new = signing.ready(folder, signing.AS_THEY_ARE, {self.old.public.id})
        assert heads.make(store, self.old, successor=self.new.public) is not None
        self.write(self.new)

    def write(self, key: signing.SigningKey) -> Head:
        for _ in range(2):
            with self.store.writing() as tx:
                record(tx, Act.SESSION_ENDED)
        made = heads.make(self.store, key)
        assert made is not None
        return made

    def findings(self, *keys: signing.SigningKey, kept: tuple[Kept, ...] = ()) -> list[str]:
        given = [key.public for key in keys]
        return verifying.verify(self.store, given, kept=kept).findings.told

    def put(self, head: Head) -> None:
        """Put a head in place of the newest, as somebody who writes to the database could."""
        table = tables.audit_heads
        with self.store.writing() as tx:
            tx.execute(delete(table).where(table.c.number >= head.number))
            tx.execute(insert(table), [heads._row(head)])

    def signed_by(self, key: signing.SigningKey, number: int) -> Head:
        """Sign a head anew with another key."""
        (head,) = [one for one in heads.since(self.store, number - 1) if one.number == number]
        other = replace(head, key_id=key.public.id)
        return replace(other, signature=key.sign(heads.KIND, other.statement))


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    keys = tmp_path / "keys"
    keys.mkdir()
    settings = VaultSettings(folder=blank_vault(tmp_path / "data"))
    with closing(Store(settings, checkpoints=True, clock=HandClock())) as store:
        yield Trail(store, keys)


def test_whoever_has_one_of_the_keys_believes_all_of_it(trail: Trail) -> None:
    assert [head.key_id for head in heads.since(trail.store, 0)] == [
        trail.old.public.id,
        trail.old.public.id,
        trail.new.public.id,
    ]
    for keys in ((trail.old,), (trail.new,), (trail.old, trail.new)):
        assert trail.findings(*keys) == []
    known = heads.announced(trail.store, [trail.old.public])
    assert set(known) == {trail.old.public.id, trail.new.public.id}
    assert set(heads.announced(trail.store, [trail.new.public])) == {trail.new.public.id}


def test_a_key_that_nobody_named_is_not_believed(trail: Trail, tmp_path: Path) -> None:
    """The control: the same heads, signed by a key of which no head has spoken."""
    other = tmp_path / "other"
    other.mkdir()
    stranger = signing.make(other)
    trail.put(trail.signed_by(stranger, 3))
    named = f"head 3 is signed with key {stranger.public.id}, which no head before it has named"
    assert trail.findings(trail.old) == [named]
    assert trail.findings(trail.old, stranger) == [named]  # given or not: it was not its turn
    given = f"head 1 is signed with key {trail.old.public.id}, which is not one of those given"
    assert trail.findings(trail.new) == [named, given]
    assert trail.findings(stranger) == [named, given]


def test_the_old_key_signs_nothing_more(trail: Trail) -> None:
    """Whoever has stolen it is the reason for having another."""
    with pytest.raises(NotItsTurn):
        heads.make(trail.store, trail.old)
    assert heads.signer(trail.store) == trail.new.public.id
    trail.put(trail.signed_by(trail.old, 3))
    (told,) = trail.findings(trail.old)
    assert told.endswith(f"{trail.old.public.id}, which no head before it has named")


def test_a_successor_that_was_put_in_is_found(trail: Trail, tmp_path: Path) -> None:
    """Who rewrites the head that names it has not signed that."""
    other = tmp_path / "other"
    other.mkdir()
    mine, table = signing.make(other), tables.audit_heads
    (head,) = [one for one in heads.since(trail.store, 0) if one.number == 2]
    body = head.body.replace(trail.new.public.raw.hex(), mine.public.raw.hex())
    assert body != head.body
    with trail.store.writing() as tx:
        tx.execute(update(table).where(table.c.number == 2).values(body=body))
    trail.put(trail.signed_by(mine, 3))
    for keys in ((trail.old,), (trail.new,), (trail.old, trail.new)):
        assert trail.findings(*keys) != []


@pytest.mark.parametrize("number", ["x", None, True])
def test_a_head_with_values_of_another_kind_ends_nothing(
    trail: Trail, tmp_path: Path, number: object
) -> None:
    """Who replaces the first head may say anything in it, for nobody knows their key yet."""
    other = tmp_path / "other"
    other.mkdir()
    (first, *_) = heads.since(trail.store, 0)
    body = json.dumps(json.loads(first.body) | {"strands": [["a", number, "00"]]})
    told = replace(first, body=body, hash=hashlib.sha256(body.encode()).digest())
    trail.put(replace(told, key_id=signing.make(other).public.id))
    found = trail.findings(trail.old)
    assert "a head is damaged beyond reading; those after it were not read" in found


def test_what_a_believed_head_vouches_for_cannot_be_exchanged(trail: Trail) -> None:
    """With the new key alone: the first head is what the third one holds the hash of."""
    table = tables.audit_heads
    (first, *_) = heads.since(trail.store, 0)
    body = first.body.replace('"lines":2', '"lines":1')
    hashed = hashlib.sha256(body.encode()).digest()
    with trail.store.writing() as tx:
        chosen = update(table).where(table.c.number == 1)
        tx.execute(chosen.values(body=body, hash=hashed, lines=1))
    assert "head 2 does not follow the one before it" in trail.findings(trail.new)


def test_a_trail_that_ends_before_the_new_key_has_signed_is_whole(trail: Trail) -> None:
    with trail.store.writing() as tx:
        tx.execute(delete(tables.audit_heads).where(tables.audit_heads.c.number == 3))
    assert heads.signer(trail.store) == trail.new.public.id
    assert trail.findings(trail.old) == []
    assert trail.findings(trail.old, kept=(Kept(3, b"x" * 32),)) != []


def test_a_retired_key_proves_and_signs_no_more(trail: Trail) -> None:
    old, new = trail.old.public.id, trail.new.public.id
    assert signing.held(trail.folder) == {old, new}
    assert signing.ready(trail.folder, signing.AS_THEY_ARE, {old}).public.id == new  # not another
    assert signing.retire(trail.folder, old)
    assert not signing.retire(trail.folder, old)
    assert signing.held(trail.folder) == {new}
    assert signing.load(trail.folder, key_id=new).public.id == new
    with pytest.raises(KeyUnusable, match=f"the key {old}, which signs .* is missing"):
        signing.load(trail.folder, key_id=old)
    assert [key.id for key in signing.publics(trail.folder)] == [old, new]
