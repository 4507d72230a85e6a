"""`sealgate audit`: what is said of a trail, what is handed on, and who can check it without us."""

import csv
import io
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from sealgate import settings
from sealgate.trail import formats as audit_formats
from sealgate.trail.sealing import TrailSealer, key_for
from sealgate.trail.settings import AuditSettings
from tests.sealgate.node import TOP, Node
from tests.vault.trail import WAYS, Hand
from vault.errors import KeyUnusable
from vault.keys import signing
from vault.keys.settings import AS_THEY_ARE
from vault.origin import Origin
from vault.storage.store import Store
from vault.trail import heads
from vault.trail.audit import Act, record
from vault.trail.heads import Head
from vault.trail.lines import Line

SCRIPT = TOP / "docs" / "reference" / "verify_audit.py"
NASTY = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "＝1", "a=b|c\\d", "jo@council.example"]


@pytest.fixture
def store(ready: Node) -> Iterator[Store]:
    with closing(Store(settings.load(ready.config).vault)) as opened:
        yield opened


def told(store: Store, count: int = 1) -> None:
    for number in range(count):
        with store.writing() as tx:
            actor = NASTY[number % len(NASTY)]
            ip = "2001:db8::1" if number % 2 else "192.0.2.7"
            origin = Origin(ip, f"=agent|{number}")
            record(tx, Act.PACKAGE_OPENED, package_id="p1", actor=actor, origin=origin)


def signed(ready: Node, store: Store, count: int = 10) -> None:
    told(store, count)
    assert ready.type("audit", "sign").exit_code == 0


def offline(ready: Node, export: Path, *more: Path) -> subprocess.CompletedProcess[str]:
    words = [ready.keys / "audit.public", export, *more]
    return subprocess.run(
        [sys.executable, "-I", SCRIPT, *words], capture_output=True, text=True, check=False
    )


# --- verify


def test_a_sound_trail_is_said_to_be_sound(ready: Node, store: Store) -> None:
    signed(ready, store)
    result = ready.type("audit", "verify")
    assert result.exit_code == 0
    assert "10 lines in 1 strands, 1 heads." in result.output
    assert "Nothing is wrong." in result.output
    verdict = json.loads(ready.type("audit", "verify", "--json").output)
    assert (verdict["sound"], verdict["lines"], verdict["unsigned"]) == (True, 10, 0)


def test_a_trail_that_nobody_has_signed_is_not_called_altered(ready: Node, store: Store) -> None:
    told(store, 3)
    result = ready.type("audit", "verify")
    assert (result.exit_code, "THE TRAIL IS NOT SIGNED." in result.output) == (1, True)
    with closing(Hand(ready.folder / "vault")) as hand:
        hand.change(1, 3)
    assert "THE TRAIL IS NOT WHAT WAS WRITTEN." in ready.type("audit", "verify").output


def test_a_line_that_was_changed_is_told_and_ends_with_1(ready: Node, store: Store) -> None:
    signed(ready, store)
    with closing(Hand(ready.folder / "vault")) as hand:
        hand.change(3, 3)
    result = ready.type("audit", "verify")
    assert result.exit_code == 1
    assert "line 4 has been changed." in result.output
    assert "THE TRAIL IS NOT WHAT WAS WRITTEN." in result.output


def test_what_was_cut_off_is_missed_with_heads_that_were_kept(ready: Node, store: Store) -> None:
    signed(ready, store)
    signed(ready, store)
    kept = ready.folder / "heads.jsonl"
    syslog = "<109>1 2026-11-02T09:00:00.000Z mail sealgate 7 audit-head - "
    kept.write_text("".join(f"{syslog}{line}\n" for line in heads_told(ready)))
    assert ready.type("audit", "verify", "--heads", str(kept)).exit_code == 0
    with closing(Hand(ready.folder / "vault")) as hand:
        hand.cut_off_everything(0, 0)
    assert ready.type("audit", "verify").exit_code == 0  # that is why copies are kept elsewhere
    result = ready.type("audit", "verify", "--heads", str(kept))
    assert result.exit_code == 1
    assert "head 2 was kept elsewhere and is missing here" in result.output


def heads_told(ready: Node) -> list[str]:
    return ready.type("audit", "heads").output.splitlines()


def test_heads_that_nobody_signed_are_not_believed(ready: Node, store: Store) -> None:
    signed(ready, store)
    kept = ready.folder / "heads.jsonl"
    kept.write_text(heads_told(ready)[0].replace('"lines": 10', '"lines": 11'))
    result = ready.type("audit", "verify", "--heads", str(kept))
    assert result.exit_code == 1
    assert "line 1: the key given did not sign this head" in result.output
    kept.write_text("hello\n")
    assert (
        "line 1: this is not a head" in ready.type("audit", "verify", "--heads", str(kept)).output
    )


def test_a_node_without_its_key_says_so(ready: Node, store: Store) -> None:
    (ready.keys / "audit.public").unlink()
    result = ready.type("audit", "verify")
    assert result.exit_code == 1
    assert "audit.public is missing" in result.output


# --- the verifier that shares no code with us


@pytest.fixture
def export(ready: Node, store: Store) -> Path:
    signed(ready, store)
    signed(ready, store)
    told(store, 2)
    file = ready.folder / "export.jsonl"
    assert ready.type("audit", "export", "--output", str(file)).exit_code == 0
    return file


def test_an_export_can_be_verified_without_sealgate(ready: Node, export: Path) -> None:
    done = offline(ready, export)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "22 lines, 2 heads, 2 lines not signed yet\nnothing is wrong\n"


def test_the_verifier_imports_nothing_of_ours() -> None:
    """`-I` keeps it from finding this repository; here it is asked what it names."""
    names = {name.partition(".")[0] for name in runpy.run_path(str(SCRIPT))["sys"].modules}
    assert "cryptography" in names
    text = SCRIPT.read_text()
    for room in ("sealgate", "vault", "gateway", "policies", "webreader"):
        assert f"import {room}" not in text
        assert f"from {room}" not in text


@pytest.mark.parametrize("way", sorted(WAYS))
def test_the_verifier_finds_every_kind_of_tampering(
    ready: Node, store: Store, tmp_path: Path, way: str
) -> None:
    signed(ready, store)
    with closing(Store(store.settings)) as other:
        told(other, 5)
    signed(ready, store)
    kept = tmp_path / "kept.jsonl"
    kept.write_text("\n".join(heads_told(ready)))
    with closing(Hand(ready.folder / "vault")) as hand:
        WAYS[way](hand, 3, 3)
    file = tmp_path / "export.jsonl"
    wrote = ready.type("audit", "export", "--output", str(file))
    verify = runpy.run_path(str(SCRIPT))["main"]
    if wrote.exit_code == 0:
        assert verify(ready.keys / "audit.public", file, kept) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"act":"package:opened"', '"act":"package:sealed"'),
        ('"kind":"line"', '"kind":"gone"'),
        ('"lines":22}', '"lines":21}'),
        ('"whole":true', '"whole":false'),
    ],
)
def test_an_export_that_was_changed_is_found(ready: Node, export: Path, old: str, new: str) -> None:
    lines = export.read_text().replace(old, new, 1).splitlines()
    export.write_text("\n".join(line for line in lines if '"gone"' not in line))
    assert offline(ready, export).returncode == 1


def test_an_export_without_its_end_is_found(ready: Node, export: Path) -> None:
    export.write_text("\n".join(export.read_text().splitlines()[:-1]))
    assert "the export is not whole" in offline(ready, export).stdout


# --- exports for other programs


def test_no_cell_is_taken_for_a_formula(ready: Node, store: Store) -> None:
    told(store, len(NASTY))
    text = ready.type("audit", "export", "--format", "csv").output
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(NASTY)
    assert all(not cell.startswith(tuple("=+-@＝")) for row in rows for cell in row.values())
    actors = [row["actor"] for row in rows]
    assert actors == [*(f"'{one}" for one in NASTY[:5]), *NASTY[5:]]


def test_cef_keeps_what_a_stranger_wrote_inside_its_field(ready: Node, store: Store) -> None:
    told(store, 6)
    lines = ready.type("audit", "export", "--format", "cef").output.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("CEF:0|Sealgate|Sealgate|")
    assert "|package:opened|package opened|3|rt=" in lines[0]
    assert " src=192.0.2.7 requestClientApplication=\\=agent|0 " in lines[0]
    assert " c6a2Label=Source IPv6 Address c6a2=2001:db8::1 " in lines[1]
    assert " suser=a\\=b|c\\\\d " in lines[5]


def test_cef_escapes_the_header_and_line_ends() -> None:
    line = Line(1, "", 0, None, "2026-11-02 09:00:00.000000", "a|b\\c", None, "x\ny=z", *[""] * 5)
    (text,) = audit_formats.as_cef([line])
    assert "|a\\|b\\\\c|a\\|b\\\\c|3|" in text
    assert "suser=x\\ny\\=z" in text
    assert "\n" not in text


def test_a_choice_is_kept_to(ready: Node, store: Store) -> None:
    told(store, 3)
    with store.writing() as tx:
        record(tx, Act.SESSION_ENDED, package_id="p2")

    def exported(*words: str) -> list[str]:
        rows = map(json.loads, ready.type("audit", "export", *words).output.splitlines())
        return [row["act"] for row in rows if row["kind"] == "line"]

    assert exported("--act", "session:ended") == ["session:ended"]
    assert exported("--package", "p1") == ["package:opened"] * 3
    assert exported("--since", "2020-01-01") == ["package:opened"] * 3 + ["session:ended"]
    assert exported("--since", "2999-01-01T00:00+00:00") == []
    refused = ready.type("audit", "export", "--since", "yesterday")
    assert refused.exit_code == 2


# --- signing while a node runs


def sealer(store: Store, keys: Path, **chosen: object) -> TrailSealer:
    key = partial(key_for, keys, AS_THEY_ARE, store)
    return TrailSealer(store, key, AuditSettings(**chosen), [])  # type: ignore[arg-type]


def test_a_node_that_never_signed_makes_its_key(ready: Node, store: Store) -> None:
    for name in ("audit.private", "audit.public"):
        (ready.keys / name).unlink()
    made = key_for(ready.keys, AS_THEY_ARE, store)
    assert (
        key_for(ready.keys, AS_THEY_ARE, store).public
        == made.public
        == signing.load_public(ready.keys)
    )


def test_a_node_whose_key_is_lost_makes_no_other(ready: Node, store: Store) -> None:
    signed(ready, store)
    for name in ("audit.private", "audit.public"):
        (ready.keys / name).unlink()
    with pytest.raises(KeyUnusable, match="put back the backup"):
        key_for(ready.keys, AS_THEY_ARE, store)
    assert not signing.exists(ready.keys)


def test_two_that_sign_make_one_head_in_a_turn(ready: Node, store: Store) -> None:
    told(store)
    made: list[Head | None] = []
    for one in (sealer(store, ready.keys), sealer(store, ready.keys)):
        made.append(one.turn())
        told(store)
    assert [head is not None for head in made] == [True, False]
    assert sealer(store, ready.keys).turn(last=True) is not None
    assert [head.number for head in heads.since(store, 0)] == [1, 2]


# --- another key


def rotated(ready: Node, store: Store) -> tuple[str, Path]:
    """A trail that two keys have signed, one after the other; returns the new one's id."""
    signed(ready, store)
    result = ready.type("audit", "rotate")
    assert result.exit_code == 0, result.output
    signed(ready, store)
    (public,) = ready.keys.glob("audit-*.public")
    return signing.load_public(public).id, public


def test_a_new_key_signs_and_the_old_one_is_destroyed(ready: Node, store: Store) -> None:
    first = signing.load_public(ready.keys).id
    new, public = rotated(ready, store)
    assert signing.held(ready.keys) == {new}
    assert {head.key_id for head in heads.since(store, 0)} == {first, new}
    kept = ready.folder / "heads.jsonl"
    kept.write_text("\n".join(heads_told(ready)))
    for key in ((), ("--key", str(ready.keys / "audit.public")), ("--key", str(public))):
        words = ("audit", "verify", *key)
        assert ready.type(*words).exit_code == 0
        with_heads = ready.type(*words, "--heads", str(kept))
        assert (with_heads.exit_code, "Nothing is wrong" in with_heads.output) == (
            (1, False) if "audit-" in str(key) else (0, True)
        )
    acts = [json.loads(line) for line in ready.type("audit", "export").output.splitlines()]
    told = {(one["act"], one["detail"]) for one in acts if one["kind"] == "line"}
    assert {("key:made", f"audit {new}"), ("key:retired", f"audit {first}")} <= told


def test_a_trail_that_ends_before_its_key_was_replaced_is_found(ready: Node, store: Store) -> None:
    """Who stole a key that was replaced cuts off the head that replaced it."""
    rotated(ready, store)
    assert ready.type("audit", "verify").exit_code == 0
    with closing(Hand(ready.folder / "vault")) as hand:
        hand.cut_off_everything(0, 0)
    result = ready.type("audit", "verify")
    assert (result.exit_code, "signs with another" in result.output) == (1, True)
    # Who has nothing but a public key cannot know of another: that is what kept heads are for.
    assert ready.type("audit", "verify", "--key", str(ready.keys)).exit_code == 0


def test_the_verifier_follows_the_keys(ready: Node, store: Store, tmp_path: Path) -> None:
    _, public = rotated(ready, store)
    file, kept = tmp_path / "export.jsonl", tmp_path / "kept.jsonl"
    ready.type("audit", "export", "--output", str(file))
    kept.write_text("\n".join(heads_told(ready)))
    verify = runpy.run_path(str(SCRIPT))["main"]
    assert verify(ready.keys / "audit.public", file, kept) == 0
    assert verify(public, file) == 0
    text = file.read_text()
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    other = signing.make(stranger)
    (*_, last) = heads.since(store, 0)
    forged = other.sign(heads.KIND, last.statement).hex()
    file.write_text(
        text.replace(last.signature.hex(), forged).replace(
            f'"key":"{last.key_id}"', f'"key":"{other.public.id}"'
        )
    )
    assert other.public.id in file.read_text()
    for key in (ready.keys / "audit.public", public, stranger / "audit.public"):
        assert verify(key, file) == 1
    assert offline(ready, file).stdout.startswith(
        f"head {last.number} was signed with a key that no head before it has named"
    )


def test_a_rotation_that_was_killed_is_finished(
    ready: Node, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed(ready, store)
    old = signing.load_public(ready.keys).id

    def die(*_: object) -> bool:
        raise InterruptedError

    with monkeypatch.context() as dying:
        dying.setattr(signing, "retire", die)
        with pytest.raises(InterruptedError):
            ready.type("audit", "rotate")
    new = heads.signer(store)
    assert signing.held(ready.keys) == {old, new}
    said = ready.type("audit", "rotate")
    assert f"The key {new} signs the audit trail. Destroyed: {old}" in said.output
    assert signing.held(ready.keys) == {new}


def test_a_key_is_made_on_one_machine_and_named_on_another(ready: Node, store: Store) -> None:
    signed(ready, store)
    for _ in range(2):  # called again, it is the same key
        said = ready.type("audit", "rotate", "--stage").output
    (staged,) = signing.held(ready.keys) - {heads.signer(store)}
    assert f"The key {staged} is ready" in said
    assert ready.type("audit", "sign").exit_code == 0
    ready.type("audit", "rotate")
    assert heads.signer(store) == staged


def test_a_node_that_runs_takes_up_the_new_key(ready: Node, store: Store) -> None:
    working = sealer(store, ready.keys)
    told(store)
    assert working.turn(last=True) is not None
    ready.type("audit", "rotate")
    told(store)
    head = working.turn(last=True)
    assert head is not None
    assert head.key_id == heads.signer(store) in signing.held(ready.keys)
    ready.type("audit", "rotate")
    told(store)
    for file in ready.keys.glob("audit-*.private"):
        file.unlink()
    assert working.turn(last=True) is None  # and the log says so
    with pytest.raises(KeyUnusable, match="is missing"):
        key_for(ready.keys, AS_THEY_ARE, store)
