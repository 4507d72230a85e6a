"""The commands of a node whose database is PostgreSQL, as they are typed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sealgate import settings
from tests import postgres
from tests.sealgate.node import Node
from tests.vault.bench import ALICE, BOB, HERE, HandClock, Keys, Safe
from vault.packages import grants
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

MAIL = b"From: a@b\r\nSubject: x\r\n\r\n" + bytes(range(256)) * 400  # its content is a file


@pytest.fixture
def database() -> Iterator[str]:
    url = postgres.empty_database()
    yield url
    postgres.drop(url)


@pytest.fixture
def shared(ready: Node, database: str) -> Node:
    """A node on PostgreSQL."""
    use(ready, database)
    return ready


def use(node: Node, database: str) -> None:
    folder = f'folder = "{node.folder}/vault"'
    node.spoil(folder, f'{folder}\ndatabase = "{database}"')


def safe_of(node: Node) -> Safe:
    keys = Keys.load(node.keys)
    return Safe(Store(settings.load(node.config).vault), keys, HandClock())


def filled(node: Node, body: bytes = MAIL) -> str:
    """Seal a mail, as a node does; returns its package."""
    with closing((safe := safe_of(node)).store):
        package_id = safe.package(BOB, body=body)
        grants.add(safe.store, safe.keys.sealing, ALICE, package_id, ALICE, HERE)
        return package_id


def shown(url: str) -> str:
    """Write an address as it is shown."""
    return VaultSettings(folder=Path("/"), database=url).database_name


def test_what_the_database_says_is_told(shared: Node, database: str) -> None:
    name = make_url(database).database or ""
    shared.spoil(database, database.replace(f"/{name}", "/nowhere_at_all"))
    told = shared.type("user", "list")
    assert (told.exit_code, "there is no database of that name" in told.output) == (1, True)


def verified(node: Node) -> bool:
    """Sign the trail and verify it."""
    signed, said = node.type("audit", "sign"), node.type("audit", "verify")
    print(signed.output, said.output)
    return (signed.exit_code, said.exit_code) == (0, 0) and "Nothing is wrong" in said.output


def test_the_doctor_looks_at_it(shared: Node, database: str) -> None:
    said = shared.type("doctor").output
    assert f"database: opens, {shown(database)}" in said, said


def test_the_queue_is_listed_and_acted_on(shared: Node) -> None:
    filled(shared)
    listed = shared.type("queue", "list").output
    assert "clinic.example" in listed
    assert "2 mails: 2 active" in listed
    (row,) = [line.split()[0] for line in listed.splitlines() if " clinic.example" in line]
    held = shared.type("queue", "hold", row.split("...")[-1])
    assert held.exit_code == 0, held.output
    assert "1 active, 1 hold" in shared.type("queue", "list").output


def test_the_trail_is_signed_exported_and_verified(shared: Node) -> None:
    filled(shared)
    assert verified(shared)
    exported = shared.type("audit", "export", "--format", "csv")
    assert exported.exit_code == 0
    assert "package:sealed" in exported.output
    with closing(postgres.admin(postgres.name_of(_url(shared)))) as server:
        server.run("UPDATE events SET actor = 'eve@elsewhere.example' WHERE act = 'package:sealed'")
    assert not verified(shared)


def _url(node: Node) -> str:
    return settings.load(node.config).vault.database or ""


def test_a_backup_says_what_is_to_be_done_instead(shared: Node) -> None:
    filled(shared)
    said = shared.type("backup", str(shared.folder / "backups"))
    assert said.exit_code == 1
    assert "pg_dump" in said.output
    assert "First the database, then the sealed content" in said.output


def test_what_it_says_works(shared: Node, tmp_path: Path) -> None:
    """The database is dumped, then contents are copied; both go back elsewhere, and it opens."""
    package_id = filled(shared)
    assert verified(shared)
    run_tool("pg_dump", "--format=custom", f"--file={tmp_path}/dump", _socket_of(_url(shared)))
    contents = shared.folder / "vault" / "contents"
    kept = {path.name: path.read_bytes() for path in contents.iterdir() if path.is_file()}
    assert kept
    url = postgres.empty_database()
    for name in kept:
        (contents / name).unlink()
    run_tool("pg_restore", "--no-owner", f"--dbname={_socket_of(url)}", f"{tmp_path}/dump")
    for name, data in kept.items():
        (contents / name).write_bytes(data)
    shared.spoil(_url(shared), url)
    with closing((safe := safe_of(shared)).store):
        assert safe.open(BOB, package_id) == MAIL
    assert verified(shared)
    postgres.drop(url)


def _socket_of(url: str) -> str:
    return f"postgresql:///{postgres.name_of(url)}?host={postgres.socket_folder()}&user=postgres"


def run_tool(name: str, *words: str) -> None:
    done = subprocess.run(
        [postgres.TOOLS / name, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_backup_of_sqlite_is_not_restored_beside_it(ready: Node, database: str) -> None:
    filled(ready)
    assert ready.type("backup", str(ready.folder / "backups")).exit_code == 0
    use(ready, database)
    (ready.folder / "vault" / "sealgate.sqlite").unlink()
    said = ready.type("restore", str(ready.folder / "backups"))
    assert (said.exit_code, f"sealgate move --to {shown(database)}" in said.output) == (1, True), (
        said.output
    )
    assert not (ready.folder / "vault" / "sealgate.sqlite").exists()


def test_migrate_says_what_it_would_do_and_does_it(shared: Node, database: str) -> None:
    said = shared.type("migrate", "--dry-run")
    assert (said.exit_code, "there is no schema yet" in said.output) == (0, True)
    filled(shared)
    wanted = tables.SCHEMA_VERSION
    assert f"up to date, version {wanted}" in shared.type("migrate").output
    with closing(postgres.admin(postgres.name_of(database))) as server:
        server.run("UPDATE meta SET value = '4' WHERE name = 'schema_version'")
        server.run("DROP TABLE destructions")
    started = shared.type("doctor")
    assert "run `sealgate migrate` on one node" in started.output
    said = shared.type("migrate", "--dry-run")
    assert (said.exit_code, f"version 4; this program needs {wanted}" in said.output) == (0, True)
    said = shared.type("migrate")
    assert (said.exit_code, "done" in said.output) == (0, True), said.output
    with closing((safe := safe_of(shared)).store):
        assert safe.rows("destructions") == []
    assert "up to date" in shared.type("migrate").output


def test_migrate_says_what_is_wrong_when_nobody_answers(ready: Node) -> None:
    use(ready, f"postgresql://postgres@/nothing?host={ready.folder}")
    said = ready.type("migrate")
    assert (said.exit_code, "Does the database run" in said.output) == (1, True)


def test_a_database_is_moved_in_two_steps(ready: Node, database: str) -> None:
    package_id = filled(ready)
    move = ("move", "--to", database)
    said = ready.type(*move)
    assert said.exit_code == 0, said.output
    assert "call this command again with --finish" in said.output
    other = filled(ready, MAIL + b"more")  # the node has gone on
    said = ready.type(*move, "--finish")
    assert said.exit_code == 0, said.output
    assert f'Set database = "{database}" in [vault] now' in said.output
    assert "packages: 2" in said.output
    assert "moved to postgresql://" in ready.type("doctor").output
    use(ready, database)
    with closing((safe := safe_of(ready)).store):
        assert safe.open(BOB, package_id) == MAIL
        assert safe.open(BOB, other) == MAIL + b"more"
    assert verified(ready)
    said = ready.type(*move, "--finish")
    assert (said.exit_code, "is no SQLite database" in said.output) == (1, True)


def test_a_move_of_a_database_may_be_given_up(ready: Node, database: str) -> None:
    filled(ready)
    move = ("move", "--to", database)
    assert ready.type(*move).exit_code == 0
    assert "Given up" in ready.type(*move, "--abandon").output
    assert "No database is being moved" in ready.type(*move, "--abandon").output
    said = ready.type("move", "--to", "postgresql://db.example/vault")
    assert (said.exit_code, "write postgresql://user@host" in said.output) == (2, True)


def test_a_home_without_postgresql_is_told(ready: Node) -> None:
    filled(ready)
    said = ready.type("move", "--to", f"postgresql://postgres@/x?host={os.sep}nowhere")
    assert (said.exit_code, "goes on as it was" in said.output) == (1, True)
