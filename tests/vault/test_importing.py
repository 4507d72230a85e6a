"""What leaves one installation arrives in another as it was, and nothing else does."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from tests import postgres
from tests.blank import blank_vault
from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, HERE, HandClock, Keys, Safe
from tests.vault.leaving import (
    SECRET,
    dossier_of,
    export_to,
    facts_of,
    file_of,
    put_one_of_each,
)
from tests.vault.test_deposit import LARGE
from tests.vault.test_second_lock import unlock
from vault.ending import certificate, certifying, destroying
from vault.errors import AccessDenied, SecondLocked, StoreUnavailable
from vault.exchange import importing, manifest
from vault.exchange.folder import ExportFolder, ExportUnusable
from vault.exchange.importing import Imported, Place
from vault.keys import signing
from vault.packages import catalogue, grants, phrase
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store
from vault.trail import evidence, heads, incident, verifying


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase, "MEMORY", 1024)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> signing.SigningKey:
    return signing.make(tmp_path_factory.mktemp("signing"))


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.new(tmp_path_factory.mktemp("other") / "keys")


@pytest.fixture
def there(
    tmp_path: Path, backend: str, other_keys: Keys, clock: HandClock, safe: Safe
) -> Iterator[Safe]:
    """Another installation: its own database, folder and keys."""
    folder = tmp_path / "there"
    url = postgres.blank_database() if backend == "postgresql" else None
    settings = VaultSettings(folder=folder if url else blank_vault(folder), database=url)
    with closing(Store(settings, checkpoints=True, clock=clock)) as store:
        yield Safe(store, other_keys, clock)
    if url:
        postgres.drop(url)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def bring(there: Safe, folder: Path, expected: str = "") -> Imported:
    export = ExportFolder(folder)
    about = importing.begin(export, expected)
    place = Place(there.store, there.keys.sealing, "omar", message_id)
    return importing.bring_in(place, export, about)


def message_id(head: bytes) -> str:
    lines = [one for one in head.split(b"\r\n") if one.startswith(b"Message-ID: ")]
    return lines[0][12:].decode() if lines else ""


def everything(safe: Safe) -> dict[str, list[Any]]:
    """Every row of what an import may touch."""
    names = ("packages", "contents", "grants", "access_requests", "legal_holds", "destructions")
    more = ("imported_histories", "imported_lines", "events", "outbox", "receipts")
    return {name: safe.rows(name) for name in (*names, *more)}


def lasting(folder: Path, package_id: str) -> dict[str, Any]:
    """What must not change on the way, of a dossier."""
    facts = facts_of(folder, package_id)
    return {name: facts[name] for name in facts if name not in {"export", "taken_at", "history"}}


def test_a_round_trip_gives_the_same(
    safe: Safe, there: Safe, key: signing.SigningKey, tmp_path: Path
) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    kinds = put_one_of_each(safe, key)
    grants.revoke(safe.store, ALICE, kinds.plain, CAROL, HERE)
    done = export_to(safe, first)
    assert bring(there, first, done.manifest_sha256) == Imported(imported=4)
    export_to(there, second, name="fedcba9876543210")
    for package_id in kinds:
        assert lasting(second, package_id) == lasting(first, package_id)
        before, after = (facts_of(one, package_id)["history"] for one in (first, second))
        assert after[:-1] == before
        acts = [line["act"] for line in after[-1]["lines"]]
        assert (acts, after[-1]["audit_key"]) == (
            ["package:imported", "package:exported"],
            "fedcba9876543210",
        )
        assert {path.suffix for path in first.glob(f"packages/*/{package_id}.*")} == {
            path.suffix for path in second.glob(f"packages/*/{package_id}.*")
        }
    assert (second / file_of(kinds.large, ".eml")).read_bytes() == LARGE

    onward = Safe(there.store, there.keys, there.clock)
    with onward.store.writing() as tx:  # as a third installation
        for table in reversed(tables.metadata.sorted_tables):
            if table.name not in {"meta", "strands"}:
                tx.execute(delete(table))
    assert bring(onward, second).imported == len(list(kinds))
    export_to(onward, third, name="0000000000000000")
    told = dossier_of(third, kinds.plain).history
    assert [one.audit_key for one in told] == [
        "0123456789abcdef",
        "fedcba9876543210",
        "0000000000000000",
    ]
    assert list(evidence.changed(onward.store)) == []


def test_what_arrives_is_used_as_before(
    safe: Safe, there: Safe, key: signing.SigningKey, out: Path
) -> None:
    kinds = put_one_of_each(safe, key)
    export_to(safe, out)
    bring(there, out)
    assert there.open(BOB, kinds.plain) == BODY
    assert there.open(BOB, kinds.large) == LARGE
    with pytest.raises(AccessDenied, match="unknown"):
        there.open(DAVE, kinds.plain)
    with pytest.raises(AccessDenied, match="destroyed"):
        there.open(ALICE, kinds.destroyed)
    with pytest.raises(SecondLocked):
        there.open(BOB, kinds.locked)
    assert unlock(there, kinds.locked, kinds.words).open(BOB, kinds.locked) == SECRET
    lines = catalogue.received(there.store, there.keys.opening, CAROL).items
    assert {one.package.id: one.summary.subject for one in lines} == {
        kinds.plain: "A plan",
        kinds.destroyed: "",
    }
    fate = destroying.destroyed(there.store, kinds.destroyed)
    assert fate is not None
    assert certificate.verify(fate.certificate or b"", key.public).package_id == kinds.destroyed
    there.clock.advance(days=90)
    assert destroying.destroy(there.store) == 0  # the legal hold came along
    assert certifying.finish(there.store, pytest.fail, "Other") == 0  # nor is it certified again
    assert there.rows("outbox") == []
    assert there.rows("correspondence") == []


def test_an_answer_finds_the_conversation(safe: Safe, there: Safe, out: Path) -> None:
    body = b"Message-ID: <q@council.example>\r\nSubject: Question\r\n\r\nWhat?\r\n"
    question = safe.package(BOB, body=body, message_id="<q@council.example>")
    export_to(safe, out)
    bring(there, out)
    answer = there.package(ALICE, author=BOB, answers=("<q@council.example>",))
    assert {row.conversation for row in there.rows("packages")} == {
        row.conversation for row in safe.rows("packages")
    }
    assert {row.id for row in there.rows("packages")} == {question, answer}


def test_importing_twice_changes_nothing(safe: Safe, there: Safe, out: Path) -> None:
    safe.package(BOB, body=LARGE)
    safe.package(CAROL)
    export_to(safe, out)
    assert bring(there, out) == Imported(imported=2)
    before = everything(there)
    assert bring(there, out) == Imported(there=2)
    assert bring(safe, out) == Imported(there=2)  # nor where they come from
    assert everything(there) == before
    places = {row.place for row in before["contents"] if row.place}
    assert {one.name for one in (there.folder / "contents").iterdir() if one.is_file()} == places


def test_our_trail_tells_of_the_import_alone_and_stays_true(
    safe: Safe, there: Safe, key: signing.SigningKey, out: Path
) -> None:
    package_id = safe.package(BOB)
    safe.open(BOB, package_id)
    grants.revoke(safe.store, ALICE, package_id, BOB, HERE)
    export_to(safe, out)
    bring(there, out)
    (line,) = there.rows("events")
    hashed = hashlib.sha256((out / file_of(package_id)).read_bytes()).hexdigest()
    assert (line.act, line.actor, line.package_id) == ("package:imported", "omar", package_id)
    assert line.detail.endswith(f"; dossier {hashed}")
    assert heads.make(there.store, key) is not None
    assert verifying.verify(there.store, [key.public]).findings.told == []

    timeline = catalogue.timeline(there.store, ALICE, package_id)
    assert [one.act.value for one in timeline][-1] == "package:imported"
    assert {one.recorded_by for one in timeline[:-1]} == {"Example Council"}
    found = incident.gather(there.store, package_id, by="omar", origin=HERE)
    (person,) = found.people
    assert (len(person.opened), person.has_access) == (1, False)  # seen where it was

    assert list(evidence.changed(there.store)) == []
    kept = tables.imported_lines
    with there.store.reading() as tx:
        some = tx.execute(select(kept.c.id).limit(1)).scalar_one()
    for change in (update(kept).values(actor="eve@elsewhere.example"), delete(kept)):
        with there.store.writing() as tx:
            tx.execute(change.where(kept.c.id == some))
        assert list(evidence.changed(there.store)) == [package_id]


def _rewrite(folder: Path, file: Path, data: bytes) -> None:
    """Change a file, and the manifest as well: what somebody does who wants to be believed."""
    file.write_bytes(data)
    name = str(file.relative_to(folder))
    lines = (folder / "manifest.sha256").read_text().splitlines()
    digest = hashlib.sha256(data).hexdigest()
    lines = [f"{digest}  {name}" if one.endswith(name) else one for one in lines]
    (folder / "manifest.sha256").write_text("".join(f"{one}\n" for one in lines))


@pytest.mark.parametrize("body", [BODY, LARGE], ids=["short", "long"])
@pytest.mark.parametrize("end", [".eml", ".json"])
def test_a_file_that_was_changed_is_refused_and_the_rest_arrives(
    safe: Safe, there: Safe, out: Path, end: str, body: bytes
) -> None:
    package_id, other = safe.package(BOB, body=body), safe.package(CAROL)
    export_to(safe, out)
    file = out / file_of(package_id, end)
    data = file.read_bytes()
    middle = data.index(b"o", len(data) // 2)
    file.write_bytes(data[:middle] + b"0" + data[middle + 1 :])
    done = bring(there, out)
    assert (done.imported, [one for one, _ in done.refused]) == (1, [package_id])
    assert "is not what was exported" in done.refused[0][1]
    assert [row.id for row in there.rows("packages")] == [other]
    assert {row.package_id for row in there.rows("imported_lines")} == {other}
    assert {row.package_id for row in there.rows("events")} == {other}
    assert len(there.rows("contents")) == 1
    assert not [one for one in (there.folder / "contents").rglob("*") if one.is_file()]
    file.write_bytes(data)
    assert bring(there, out) == Imported(imported=1, there=1)


def _set(**values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda facts: facts.update(values)


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_set(format="sealgate-package/2"), "format"),
        (_set(id="a" * 26), "another package"),
        (_set(export="a" * 26), "another export"),
        (_set(more=1), "more"),
        (lambda facts: facts.pop("owner"), "owner"),
        (_set(owner="Eve@ELSEWHERE.example"), "owner"),
        (_set(owner="eve"), "owner"),
        (_set(sealed_at="2026-11-02T09:00:00"), "sealed_at"),
        (_set(reference="../../etc"), "reference"),
        (_set(size=-1), "size"),
        (_set(size=7), "not what was exported"),
        (_set(size="60"), "size"),
        (_set(state="locked"), "contradicts itself"),
        (_set(state="destroyed"), "contradicts itself"),
        (_set(state="unreadable"), "export it again"),
        (_set(summary=None), "contradicts itself"),
        (_set(content=None), "does not name the file"),
        (lambda facts: facts["content"].update(file="packages/../../passwd.eml"), "content.file"),
        (lambda facts: facts["content"].update(sha256="0" * 64), "does not name the file"),
        (_set(open_hours="whenever"), "opening hours"),
        (_set(policy="a\x1b[2J"), "policy"),
        (lambda facts: facts["grants"].append(facts["grants"][0]), "an address twice"),
        (lambda facts: facts["grants"][0].update(state="owner"), "grants.0.state"),
        (lambda facts: facts["history"][0]["lines"][0].update(act="DROP"), "history.0.lines.0.act"),
        (lambda facts: facts["history"][0]["lines"][0].update(at="now"), "history.0.lines.0.at"),
    ],
)
def test_a_dossier_that_says_what_cannot_be_is_refused(
    safe: Safe,
    there: Safe,
    out: Path,
    spoil: Callable[[dict[str, Any]], object],
    said: str,
) -> None:
    """With a manifest that was made to agree."""
    package_id = safe.package(BOB)
    export_to(safe, out)
    facts = facts_of(out, package_id)
    spoil(facts)
    _rewrite(out, out / file_of(package_id), json.dumps(facts).encode())
    ((refused, why),) = bring(there, out).refused
    assert refused == package_id
    assert said in why
    assert not any(everything(there).values())


def test_a_locked_content_of_another_name_is_refused(
    safe: Safe, there: Safe, key: signing.SigningKey, out: Path
) -> None:
    kinds = put_one_of_each(safe, key)
    export_to(safe, out)
    file, facts = out / file_of(kinds.locked, ".sealed"), facts_of(out, kinds.locked)
    data = file.read_bytes().replace(facts["lock"]["content_id"].encode(), b"a" * 26)
    facts["content"]["sha256"] = hashlib.sha256(data).hexdigest()
    _rewrite(out, file, data)
    _rewrite(out, out / file_of(kinds.locked), json.dumps(facts).encode())
    done = bring(there, out)
    assert [one for one, _ in done.refused] == [kinds.locked]


def test_a_reference_that_is_taken_is_not_taken_twice(safe: Safe, there: Safe, out: Path) -> None:
    package_id = safe.package(BOB, body=LARGE)
    export_to(safe, out)
    (mine,) = safe.rows("packages")
    there.package(CAROL)
    with there.store.writing() as tx:
        tx.execute(update(tables.packages).values(reference=mine.reference))
    before = everything(there)
    ((refused, why),) = bring(there, out).refused
    assert (refused, mine.reference in why) == (package_id, True)
    assert everything(there) == before
    assert not [one for one in (there.folder / "contents").rglob("*") if one.is_file()]


def test_an_import_that_dies_goes_on(
    safe: Safe, there: Safe, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        safe.package(BOB, body=LARGE + bytes([number]))
    export_to(safe, out)
    right, left = evidence.keep, [2]

    def dies(*words: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise StoreUnavailable
        right(*words)

    with monkeypatch.context() as broken:
        broken.setattr(evidence, "keep", dies)
        with pytest.raises(StoreUnavailable):
            bring(there, out)
    assert len(there.rows("packages")) == len(there.rows("events")) == 1
    assert bring(there, out) == Imported(imported=2, there=1)


def test_what_is_no_finished_export_is_refused(safe: Safe, there: Safe, out: Path) -> None:
    safe.package(BOB)
    done = export_to(safe, out)
    with pytest.raises(ExportUnusable, match="not the export you mean"):
        bring(there, out, "0" * 64)
    about = (out / "export.json").read_bytes()
    (out / "export.json").write_bytes(about.replace(b"Example", b"Elpmaxe"))
    with pytest.raises(ExportUnusable, match="not what was exported"):
        bring(there, out)
    (out / "export.json").write_bytes(about)
    assert manifest.check(ExportFolder(out)).sha256 == done.manifest_sha256
    kept = (out / "manifest.sha256").read_bytes()
    (out / "manifest.sha256").unlink()
    for folder in (out, out.with_name("nothing")):
        with pytest.raises(ExportUnusable, match="never finished"):
            bring(there, folder)
    (out / "manifest.sha256").write_bytes(kept)
    assert bring(there, out).imported == 1
