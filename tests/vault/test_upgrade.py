"""A database of an earlier version is brought up to date, and nothing in it changes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select

from tests import postgres
from vault.errors import SchemaMismatch
from vault.settings import FILE_NAME, VaultSettings
from vault.storage import migrating, schema, tables
from vault.storage.database import open_database
from vault.storage.store import Store

GOLDEN = Path(__file__).parents[1] / "golden"
PACKAGE = {
    "id": "p" * 26,
    "reference": "7F3K92QD",
    "author": "alice@council.example",
    "owner": "alice@council.example",
    "sealed_at": "2026-11-02 09:00:00.000000",
    "reply_allowed": 0,
    "conversation": "c" * 26,
    "size": 5,
    "summary": b"sealed",
    "policy": "",
    "because": "[]",
}
SINCE: dict[str, dict[str, object]] = {
    "1": {},
    "2": {"view_only": 0, "sign_in": "code", "protection": "normal"},
    "3": {"view_only": 0, "sign_in": "code", "protection": "normal"},
    "4": {"view_only": 0, "sign_in": "code", "protection": "normal"},
}


def filled(folder: Path, sql: Path) -> VaultSettings:
    """A data folder with a database that is written down as SQL."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        connection.executescript(sql.read_text())
    return VaultSettings(folder=folder)


def differences(settings: VaultSettings) -> list[object]:
    """Return in what a database differs from the row classes."""
    with (
        closing(open_database(settings, checkpoints=False, as_it_is=True)) as database,
        database.writing(()) as (connection, _),
    ):
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: (kind, name) != ("table", "alembic_version"),
            },
        )
        return list(compare_metadata(context, tables.metadata))


@pytest.mark.parametrize("version", sorted(SINCE))
def test_what_was_never_released_becomes_a_new_one_too(version: str, tmp_path: Path) -> None:
    settings = filled(tmp_path / "old", GOLDEN / "schema" / f"{version}.sql")
    package = {**PACKAGE, **SINCE[version]}
    marks = ", ".join("?" for _ in package)
    with closing(sqlite3.connect(settings.database_file)) as connection, connection:
        connection.execute(
            f"INSERT INTO packages ({', '.join(package)}) VALUES ({marks})",
            tuple(package.values()),
        )
    for _ in range(2):  # the second start finds nothing to do
        store = Store(settings)
        with store.reading() as tx:
            (row,) = tx.execute(select(tables.packages)).mappings().all()
            (meta,) = tx.execute(select(tables.meta.c.value)).scalars()
        store.close()
        assert meta == tables.SCHEMA_VERSION
        assert {name: row[name] for name in PACKAGE if name != "sealed_at"} == {
            **{name: value for name, value in PACKAGE.items() if name != "sealed_at"},
            "reply_allowed": False,
        }
        assert (row["view_only"], row["sign_in"], row["protection"]) == (False, "code", "normal")
    assert differences(settings) == []


def test_a_new_database_is_what_the_row_classes_say(settings: VaultSettings) -> None:
    with closing(Store(settings)):
        assert differences(settings) == []


def test_looking_changes_nothing_and_migrating_tells_of_each_step(tmp_path: Path) -> None:
    settings = filled(tmp_path / "old", GOLDEN / "upgrade" / "4" / "vault.sql")
    before = settings.database_file.read_bytes()
    standing = migrating.look(settings)
    assert standing.found == "4"
    assert standing.wanted == tables.SCHEMA_VERSION
    assert settings.database_file.read_bytes()[100:] == before[100:]
    told: list[schema.Step] = []
    migrating.migrate(settings, told.append)
    assert tuple(told) == standing.steps
    assert migrating.look(settings) == migrating.Standing(
        tables.SCHEMA_VERSION, tables.SCHEMA_VERSION, ()
    )
    migrating.migrate(settings, pytest.fail)


def test_a_migration_that_fails_never_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = filled(tmp_path / "old", GOLDEN / "schema" / "1.sql")

    def fail(step: schema.Step) -> None:
        if step.version == tables.SCHEMA_VERSION:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        migrating.migrate(settings, fail)
    assert migrating.look(settings).found == "1"
    with closing(sqlite3.connect(settings.database_file)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "outbox" in names
    assert "alembic_version" not in names


def test_the_revisions_make_the_same_on_postgresql(tmp_path: Path) -> None:
    from vault.storage import migrations

    url = postgres.empty_database()
    settings = VaultSettings(folder=tmp_path, database=url)
    with (
        closing(open_database(settings, checkpoints=False, as_it_is=True)) as database,
        database.writing(()) as (connection, _),
    ):
        migrations.run(connection, "0", lambda *_: None)
        row = {"name": "schema_version", "value": tables.SCHEMA_VERSION}
        connection.execute(insert(tables.meta), [row])
    assert differences(settings) == []
    Store(settings).close()
    postgres.drop(url)


@pytest.mark.parametrize("found", ["0", "999", "none"])
def test_a_version_nobody_knows_is_left_alone(tmp_path: Path, found: str) -> None:
    settings = filled(tmp_path / "old", GOLDEN / "upgrade" / "4" / "vault.sql")
    with closing(sqlite3.connect(settings.database_file)) as connection, connection:
        connection.execute("UPDATE meta SET value = ?", (found,))
    for act in (migrating.look, lambda one: migrating.migrate(one, pytest.fail), Store):
        with pytest.raises(SchemaMismatch):
            act(settings)
