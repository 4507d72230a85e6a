"""`sealgate export` and `import`, killed: called again, they end as if nothing had happened.

A process kills itself with SIGKILL just before one of its calls that change a file or a database,
so every place is reached on a machine of any speed. A few places, drawn, in an ordinary run; many
more with SEALGATE_FAULTS=whole.
"""

import hashlib
import json
import multiprocessing
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.blank import blank_vault
from tests.faults.conftest import in_memory, sample
from tests.sealgate import node as nodes
from tests.sealgate.node import Node, environment, run
from tests.vault.bench import ALICE, BOB, CAROL, HERE, HandClock, Keys, Safe
from tests.vault.test_deposit import LARGE
from vault.clock import utc_now
from vault.ending import demand, legal, upkeep
from vault.exchange import manifest
from vault.exchange.folder import ExportFolder
from vault.packages import phrase, second_lock
from vault.settings import VaultSettings
from vault.storage.store import Store
from vault.trail import evidence

PLAIN = 6
KILLS = 3
CHANGES = frozenset(
    {"open", "write", "flush", "fsync", "rename", "unlink", "rmdir", "mkdir", "close", "flock"}
    | {"execute", "executemany", "commit", "sendall", "send"}
)
DRAWN = {"content_id", "wrapped", "summary"}  # of a row: what no two imports have the same


@dataclass(frozen=True)
class Vault:
    """A vault that commands are typed against."""

    node: Node
    folder: Path
    url: str

    def words(self) -> dict[str, str]:
        named = {"VAULT__FOLDER": str(self.folder), "KEYS__FOLDER": str(self.keys)}
        named |= {"VAULT__DATABASE": self.url} if self.url else {}
        return {f"SEALGATE_{name}": value for name, value in named.items()}

    @property
    def keys(self) -> Path:
        return self.node.keys

    def safe(self) -> Safe:
        """Open it, while nobody is forked."""
        made = VaultSettings(folder=self.folder, database=self.url or None)
        store = Store(made, checkpoints=True, clock=utc_now)
        return Safe(store, Keys.load(self.keys), HandClock())


def typed(vault: Vault, *words: str, dies_at: int = 0) -> tuple[int, str] | None:
    """Type a command in a process of its own, which dies before such a call: then None.

    Returns how many calls it made, and what it said.
    """
    hear, tell = os.pipe()

    def act() -> None:
        seen = 0

        def count(_frame: object, event: str, called: Any) -> None:
            nonlocal seen
            if event == "c_call" and getattr(called, "__name__", "") in CHANGES:
                seen += 1
                if seen == dies_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        result = run(*words, "--config", str(vault.node.config))
        sys.setprofile(None)
        os.write(tell, json.dumps([seen, result.exit_code, result.output]).encode())

    with environment(**vault.words()):
        child = multiprocessing.get_context("fork").Process(target=act)
        child.start()
    os.close(tell)
    with os.fdopen(hear, "rb") as lines:
        said = lines.read()
    child.join()
    if not said:
        assert child.exitcode == -signal.SIGKILL
        return None
    calls, code, output = json.loads(said)
    assert code == 0, output
    return calls, output


def killed_again_and_again(vault: Vault, *words: str, at: tuple[int, ...]) -> int:
    """Type a command until it comes to its end; returns how often it was killed."""
    for kills, place in enumerate(at):
        if typed(vault, *words, dies_at=place) is not None:
            return kills
    assert typed(vault, *words) is not None
    return len(at)


def drawn(calls: int) -> Iterator[tuple[int, ...]]:
    """Draw where to die: at the beginning, at the end, and several times on the way."""
    chance = random.Random(calls)
    for part in ((1, 12), (12, calls), (calls - 12, calls)):
        for place in chance.sample(range(*part), sample(1, 11)):
            yield (place, chance.randrange(1, calls), chance.randrange(1, calls // 2))


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with in_memory() as folder:
        made = nodes.make(folder)
        assert made.type("keys", "init").exit_code == 0
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def new(request: pytest.FixtureRequest, node: Node) -> Iterator[Callable[[], Vault]]:
    """Make vaults with nothing in them."""
    made: list[Vault] = []

    def make() -> Vault:
        folder = node.folder / f"{request.param}-{len(made)}"
        is_server = request.param == "postgresql"
        url = postgres.blank_database() if is_server else ""
        made.append(Vault(node, folder if is_server else blank_vault(folder), url))
        return made[-1]

    yield make
    for vault in made:
        if vault.url:
            postgres.drop(vault.url)


@pytest.fixture
def full(new: Callable[[], Vault], monkeypatch: pytest.MonkeyPatch) -> Vault:
    """A vault with packages of every kind."""
    monkeypatch.setattr(phrase, "MEMORY", 1024)
    vault = new()
    with closing((safe := vault.safe()).store) as store:
        for number in range(PLAIN):
            body = b"Message-ID: <%d@council.example>\r\nSubject: x\r\n\r\n" % number
            body += LARGE if number % 3 == 0 else b"short"
            safe.package(BOB, CAROL, body=body, message_id=f"<{number}@council.example>")
        locked, gone = safe.package(BOB, body=b"locked"), safe.package(BOB, body=b"gone")
        second_lock.add(store, safe.keys.opening, safe.keys.sealing, ALICE, locked, HERE)
        demand.by_owner(store, ALICE, gone, HERE)
        legal.place(store, safe.rows("packages")[0].id, "ruth", "Tribunal")
        safe.deliver_all()
    return vault


def exported(folder: Path) -> dict[str, Any]:
    """What an export holds, but for what no two have the same."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".json" and path.parent != folder:
            told = json.loads(path.read_bytes())
            lines = [one for part in told["history"] for one in part["lines"]]
            kept = [one for one in lines if one["act"] != "package:exported"]
            found[name] = {**told, "export": "", "taken_at": "", "history": kept}
        elif path.is_file():
            outer = path.parent == folder
            found[name] = "" if outer else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def on_record(vault: Vault, folder: Path) -> None:
    """Every package of an export is on record, and so is its manifest as it is."""
    export = ExportFolder(folder)
    about = export.about()
    assert about is not None
    with closing((safe := vault.safe()).store):
        events = [row for row in safe.rows("events") if about.export in row.detail]
        packages = {row.id for row in safe.rows("packages")}
    assert {row.package_id for row in events if row.act == "package:exported"} == packages
    finished = [row.detail for row in events if row.act == "export:finished"]
    assert finished, "the export is not on record as finished"
    assert finished[-1].endswith(str(manifest.hash_of(export)))


def test_an_export_that_is_killed_goes_on(full: Vault) -> None:
    folder = full.folder / "undisturbed"
    words = ("export", "--why", "We leave")
    done = typed(full, *words, str(folder))
    assert done is not None
    wanted, kills = exported(folder), 0
    assert len([name for name in wanted if name.endswith(".json")]) == PLAIN + 3
    for number, places in enumerate(drawn(done[0])):
        folder = full.folder / f"out-{number}"
        kills += killed_again_and_again(full, *words, str(folder), at=places)
        assert exported(folder) == wanted, places
        on_record(full, folder)
        assert "Complete and undamaged" in run("export", str(folder), "--check").output
    assert kills > KILLS


def lasting(row: Any) -> list[str]:
    """What two imports of the same have the same in a row: neither ciphertext nor its number."""
    facts = dict(row._mapping)
    is_number = isinstance(facts.get("id"), int)
    return [
        f"{k}={v}" for k, v in facts.items() if k not in DRAWN and not (is_number and k == "id")
    ]


def brought_in(vault: Vault) -> dict[str, Any]:
    """What an import has left in a vault, but for what no two have the same."""
    tables = ("packages", "grants", "access_requests", "legal_holds", "destructions")
    with closing((safe := vault.safe()).store) as store:
        upkeep.clear(store, abandoned_after=timedelta(0))
        found: dict[str, Any] = {
            name: sorted(map(lasting, safe.rows(name)))
            for name in (*tables, "imported_histories", "imported_lines")
        }
        found["trail"] = Counter((row.act, row.package_id) for row in safe.rows("events"))
        found["changed"] = list(evidence.changed(store))
        contents = safe.rows("contents")
        assert {row.place for row in contents if row.place} == {
            path.name for path in (vault.folder / "contents").rglob("*") if path.is_file()
        }
        found["contents"] = sorted(row.size for row in contents)
        opened = {row.id for row in safe.rows("packages") if row.wrapped and not row.second_lock}
        found["opened"] = {package_id: safe.open(BOB, package_id) for package_id in opened}
    return found


def test_an_import_that_is_killed_goes_on(full: Vault, new: Callable[[], Vault]) -> None:
    folder = full.folder / "out"
    assert typed(full, "export", str(folder)) is not None
    first = new()
    done = typed(first, "import", str(folder))
    assert done is not None
    wanted, kills = brought_in(first), 0
    assert len(wanted["opened"]) == PLAIN
    assert wanted["changed"] == []
    assert set(wanted["trail"].values()) == {1}
    for places in drawn(done[0]):
        vault = new()
        kills += killed_again_and_again(vault, "import", str(folder), at=places)
        assert brought_in(vault) == wanted, places
    assert kills > KILLS
