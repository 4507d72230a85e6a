"""Whatever is done to the audit trail is found, and what nobody touched is sound."""

from collections.abc import Iterator
from contextlib import closing
from inspect import signature
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vault.conftest import EVERY
from tests.vault.trail import ONLY_SEEN_ELSEWHERE, WAYS, Hand, Trail, lay
from vault.keys import signing
from vault.settings import VaultSettings
from vault.storage.store import Store
from vault.trail import heads, verifying
from vault.trail.audit import Act, record
from vault.trail.signed import MOST_FINDINGS, Kept
from vault.trail.verifying import Verdict

LINES = 65


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Trail:
    folder = tmp_path_factory.mktemp("trail")
    return lay(folder / "vault", folder / "keys")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tampered") / "vault"


def verified(folder: Path, trail: Trail, *, kept: bool = False) -> Verdict:
    copies = [Kept(head.number, head.hash) for head in trail.kept] if kept else []
    with closing(Store(VaultSettings(folder=folder))) as store:
        return verifying.verify(store, [signing.load_public(trail.keys)], kept=copies)


def test_what_nobody_touched_is_sound(trail: Trail, place: Path) -> None:
    """The control: everything below differs from this by one act of tampering."""
    verdict = verified(trail.copy(place), trail, kept=True)
    assert verdict.findings.told == []
    assert verdict.is_sound
    assert verdict.lines == LINES
    assert verdict.strands == 3  # two processes, and what was there before the chain
    assert verdict.heads == len(trail.kept) == 5
    assert verdict.unsigned == 0


@given(way=st.sampled_from(sorted(WAYS)), at=st.integers(0, 64), by=st.integers(0, 8))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_done_to_it_is_found(
    trail: Trail, place: Path, way: str, at: int, by: int
) -> None:
    folder = trail.copy(place)
    with closing(Hand(folder)) as hand:
        WAYS[way](hand, at, by)
    assert verified(folder, trail, kept=True).findings.told
    if way not in ONLY_SEEN_ELSEWHERE:
        assert verified(folder, trail).findings.told


@pytest.mark.skipif(not EVERY, reason="a whole proof: make test-faults")
def test_every_way_is_found_at_every_line(
    trail: Trail, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acts = [
        (way, at, by)
        for way in sorted(WAYS.keys() - ONLY_SEEN_ELSEWHERE)
        for at in range(LINES)
        for by in range(9 if "column" in signature(WAYS[way]).parameters else 1)
    ]
    missed = []
    for way, at, by in acts:
        folder = trail.copy(place)
        with closing(Hand(folder)) as hand:
            WAYS[way](hand, at, by)
        if not verified(folder, trail).findings.told:
            missed.append((way, at, by))
    with capsys.disabled():
        print(f"\n    {len(acts)} acts of tampering, {len(missed)} not found")
    assert missed == []


@pytest.mark.parametrize("way", sorted(WAYS))
def test_each_way_is_found(trail: Trail, place: Path, way: str) -> None:
    folder = trail.copy(place)
    with closing(Hand(folder)) as hand:
        WAYS[way](hand, 20, 3)
    verdict = verified(folder, trail)
    assert verdict.is_sound == (way in ONLY_SEEN_ELSEWHERE)


@pytest.mark.parametrize("column", range(9))
def test_a_value_of_another_kind_is_found_in_any_column(
    trail: Trail, place: Path, column: int
) -> None:
    folder = trail.copy(place)
    with closing(Hand(folder)) as hand:
        hand.change_kind(20, column)
    assert len(verified(folder, trail).findings.told) == 1


@pytest.mark.parametrize("at", [5, 20, 40, 64])
def test_one_line_that_was_changed_is_named(trail: Trail, place: Path, at: int) -> None:
    folder = trail.copy(place)
    with closing(Hand(folder)) as hand:
        row = hand.row(at)
        hand.change(at, 3)
    (told,) = verified(folder, trail).findings.told
    assert told == f"strand {row['strand']}: line {row['number']} has been changed"


def test_one_line_that_was_taken_out_is_named(trail: Trail, place: Path) -> None:
    folder = trail.copy(place)
    with closing(Hand(folder)) as hand:
        row = hand.row(20)
        hand.delete(20, 0)
    (told,) = verified(folder, trail).findings.told
    assert told == f"strand {row['strand']}: line {row['number']} is missing"


def test_another_key_vouches_for_nothing(trail: Trail, tmp_path: Path) -> None:
    signing.make(tmp_path)
    with closing(Store(VaultSettings(folder=trail.copy(tmp_path / "vault")))) as store:
        verdict = verifying.verify(store, [signing.load_public(tmp_path)])
    assert "which is not one of those given" in verdict.findings.told[0]


def test_a_trail_without_heads_is_not_sound(trail: Trail, tmp_path: Path) -> None:
    with closing(Store(VaultSettings(folder=tmp_path / "vault"))) as store:
        with store.writing() as tx:
            record(tx, Act.SESSION_ENDED)
        verdict = verifying.verify(store, [signing.load_public(trail.keys)])
    assert verdict.findings.told == ["there is no head: nothing vouches for these lines"]


def test_lines_that_are_not_signed_yet_are_counted(trail: Trail, place: Path) -> None:
    folder = trail.copy(place)
    with closing(Store(VaultSettings(folder=folder))) as store, store.writing() as tx:
        record(tx, Act.SESSION_ENDED)
        record(tx, Act.SESSION_ENDED)
    verdict = verified(folder, trail)
    assert verdict.is_sound
    assert verdict.unsigned == 2


def test_lines_written_while_it_is_checked_disturb_nothing(
    trail: Trail, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vault.trail.lines.AT_ONCE", 10)
    folder = trail.copy(place)
    with closing(Store(VaultSettings(folder=folder))) as store:

        def write(_: int) -> None:
            if next(left, False):
                with store.writing() as tx:
                    record(tx, Act.SESSION_ENDED)

        left: Iterator[bool] = iter([True] * 4)
        key = signing.load_public(trail.keys)
        verdict = verifying.verify(store, [key], progress=write)
    assert verdict.findings.told == []
    assert verdict.lines > 65


def test_what_is_wrong_is_told_up_to_a_number_and_counted(trail: Trail, place: Path) -> None:
    folder = trail.copy(place)
    with closing(Hand(folder)) as hand:
        hand.connection.execute("UPDATE events SET actor = 'x', hash = x'00'")
    found = verified(folder, trail).findings
    assert found.count > len(found.told) - 1
    assert len(found.told) <= MOST_FINDINGS


def test_heads_are_only_made_where_there_is_something_to_say(trail: Trail, place: Path) -> None:
    key = signing.load(trail.keys)
    with closing(
        Store(VaultSettings(folder=trail.copy(place)), clock=lambda: trail.kept[-1].at)
    ) as store:
        assert heads.make(store, key) is None
        with store.writing() as tx:
            record(tx, Act.SESSION_ENDED)
        head = heads.make(store, key)
        assert head is not None
        assert (head.number, head.lines) == (6, 66)
        assert heads.make(store, key) is None
