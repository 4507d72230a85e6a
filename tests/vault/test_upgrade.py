"""A database of an earlier version is brought up to date, and nothing in it changes."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect, select

from vault import tables
from vault import upgrade as upgrading
from vault.settings import FILE_NAME, VaultSettings
from vault.store import Store

SCHEMAS = Path(__file__).parents[1] / "golden" / "schema"
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


def old(folder: Path, version: str) -> Path:
    folder.mkdir()
    database = folder / FILE_NAME
    with sqlite3.connect(database) as connection:
        connection.executescript((SCHEMAS / f"{version}.sql").read_text())
        package = {**PACKAGE, **SINCE[version]}
        marks = ", ".join("?" for _ in package)
        connection.execute(
            f"INSERT INTO packages ({', '.join(package)}) VALUES ({marks})",
            tuple(package.values()),
        )
    connection.close()
    return database


def columns(folder: Path) -> dict[str, set[str]]:
    found = inspect(create_engine(f"sqlite:///{folder / FILE_NAME}"))
    return {
        name: {column["name"] for column in found.get_columns(name)}
        for name in found.get_table_names()
    }


@pytest.mark.parametrize("version", sorted(upgrading.UPGRADABLE))
def test_an_old_database_becomes_a_new_one(version: str, tmp_path: Path) -> None:
    old(tmp_path / "old", version)
    for _ in range(2):  # the second start finds nothing to do
        store = Store(VaultSettings(folder=tmp_path / "old"))
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
    Store(VaultSettings(folder=tmp_path / "new")).close()
    assert columns(tmp_path / "old") == columns(tmp_path / "new")


def test_a_column_without_a_default_is_a_mistake_in_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old(tmp_path / "old", "1")
    with pytest.raises(ValueError, match="needs a default"):
        upgrading._add(
            create_engine("sqlite://").connect(),
            Table("x", MetaData(), Column("y", Integer, nullable=False)).c.y,
        )
