"""PostgreSQL under the store: fit or refused, one state for readers, and lines that break."""

import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import insert, select, text

from tests import postgres
from tests.vault.bench import BOB, CAROL, Safe
from tests.vault.test_store import names, put_meta
from vault.errors import DatabaseUnfit, SchemaMismatch, StoreUnavailable
from vault.settings import Tls, VaultSettings
from vault.storage import postgresql, tables, turns, wire
from vault.storage.statements import Addition, Statement
from vault.storage.store import Store, Transaction

ONLY = "postgresql"
OWN_DATABASE = True  # which they change and cut off
PATIENCE = 30.0
META = Addition(tables.meta)
ALL = Statement(select(tables.meta.c.name, tables.meta.c.value))


def server(settings: VaultSettings) -> Any:
    return closing(postgres.admin(settings.url.database or ""))


def hang_up_on(settings: VaultSettings) -> int:
    return postgres.hang_up_on(settings.database or "")


def test_lines_that_were_cut_are_made_anew(store: Store) -> None:
    put_meta(store, "before")
    assert names(store) >= {"before"}
    assert store.ask(ALL)
    assert hang_up_on(store.settings) >= 3
    assert store.ask(ALL)  # a question may be asked again
    tries = 0
    while "after" not in names_or_none(store):
        tries += 1
        assert tries < 5
        try:
            store.hand_over(lambda tx: tx.add(META, [{"name": "after", "value": "x"}])).result(
                PATIENCE
            )
        except StoreUnavailable:
            continue
    assert tries <= 2


def names_or_none(store: Store) -> set[str]:
    try:
        return names(store)
    except StoreUnavailable:
        return set()


def test_a_line_cut_in_the_middle_leaves_nothing(store: Store) -> None:
    def between() -> None:
        with store.writing() as tx:
            tx.execute(insert(tables.meta).values(name="half", value="x"))
            hang_up_on(store.settings)
            tx.execute(insert(tables.meta).values(name="other", value="x"))

    def before_the_commit() -> None:
        with store.writing() as tx:
            tx.add(META, [{"name": "half", "value": "x"}])
            hang_up_on(store.settings)

    for cut in (between, before_the_commit):
        with pytest.raises(StoreUnavailable):
            cut()
        names_or_none(store)  # its line was cut too
        assert names(store) == {"schema_version"}
    assert names(store) == {"schema_version"}
    put_meta(store, "whole")


def test_a_database_that_takes_nobody_is_unavailable_and_recovers(safe: Safe) -> None:
    name = safe.store.settings.url.database
    with closing(postgres.admin()) as admin:
        admin.run(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        hang_up_on(safe.store.settings)
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                safe.put(BOB)
        with pytest.raises(StoreUnavailable):
            safe.store.ask(ALL)
        admin.run(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
    assert safe.open(BOB, safe.package(BOB))


def test_who_waits_too_long_for_a_turn_is_told(settings: VaultSettings) -> None:
    quick = settings.model_copy(update={"lock_wait": timedelta(milliseconds=200)})
    with closing(Store(settings)) as one, closing(Store(quick)) as other:
        with one.writing("something"):
            with pytest.raises(StoreUnavailable), other.writing("something"):
                pytest.fail("two at once")
            with other.writing("something else") as tx:  # the control
                tx.add(META, [{"name": "else", "value": "x"}])
        assert names(one) == {"schema_version", "else"}


def test_batches_of_two_nodes_about_the_same_do_not_wait_in_a_circle(
    settings: VaultSettings,
) -> None:
    with closing(Store(settings)) as one, closing(Store(settings)) as other:
        gates = [threading.Event(), threading.Event()]
        for store, gate in zip((one, other), gates, strict=True):
            store.hand_over(lambda _tx, gate=gate: gate.wait(PATIENCE))
        waiting = [
            store.hand_over(lambda _tx: time.sleep(0.001), about)
            for store, order in ((one, 1), (other, -1))
            for about in ["a", "b", "c", "d"][::order]
        ]
        for gate in gates:
            gate.set()
        for done in waiting:
            done.result(PATIENCE)
    with server(settings) as admin:
        ((deadlocks,),) = admin.run(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
    assert deadlocks == 0


def test_work_that_collides_is_done_again(settings: VaultSettings) -> None:
    """Two that take the same name for granted: the second finds it taken, and looks again."""
    tries: list[int] = []

    def work(tx: Transaction) -> str:
        tries.append(1)
        known = {name for name, _ in tx.run(ALL)}
        name = f"n{len(known)}"
        if len(tries) == 1:
            put_meta(other, name)  # meanwhile
        tx.add(META, [{"name": name, "value": "x"}])
        return name

    with closing(Store(settings)) as one, closing(Store(settings)) as other:
        assert one.hand_over(work).result(PATIENCE) == "n2"
        assert len(tries) == 2


def test_what_is_added_is_seen_by_what_follows(store: Store) -> None:
    with store.writing() as tx:
        tx.add(META, [{"name": f"n{number}", "value": "x"} for number in range(77)])
        assert len(tx.run(ALL).fetchall()) == 78
        tx.add(META, [{"name": "last", "value": "x"}])
        assert len(tx.execute(select(tables.meta)).all()) == 79
    assert len(names(store)) == 79


def test_a_server_that_may_lose_mail_is_refused() -> None:
    with pytest.raises(DatabaseUnfit, match="fsync"):
        postgresql._check("180000", "UTF8", "off")
    with pytest.raises(DatabaseUnfit, match="older"):
        postgresql._check("130008", "UTF8", "on")
    with pytest.raises(DatabaseUnfit, match="SQL_ASCII"):
        postgresql._check("180000", "SQL_ASCII", "on")
    postgresql._check("140000", "UTF8", "on")


def test_a_role_that_does_not_wait_for_the_disk_does_here(settings: VaultSettings) -> None:
    with server(settings) as admin:
        admin.run(f"ALTER DATABASE {settings.url.database} SET synchronous_commit = off")
        admin.run(f"ALTER DATABASE {settings.url.database} SET timezone = 'Asia/Kathmandu'")
    shown = text("SHOW synchronous_commit")
    with closing(Store(settings)) as store, store.writing() as tx:
        assert tx.execute(shown).scalar() == "on"
    with server(settings) as admin:  # what is stricter stays
        admin.run(f"ALTER DATABASE {settings.url.database} SET synchronous_commit = remote_apply")
    with closing(Store(settings)) as store, store.writing() as tx:
        assert tx.execute(shown).scalar() == "remote_apply"


def test_an_earlier_schema_waits_for_migrate(settings: VaultSettings) -> None:
    with server(settings) as admin:
        admin.run("UPDATE meta SET value = '4'")
    with pytest.raises(SchemaMismatch, match="sealgate migrate"):
        Store(settings)


def test_nodes_that_start_together_make_one_schema(tmp_path: Path) -> None:
    url = postgres.empty_database()
    chosen = [VaultSettings(folder=tmp_path / str(n), database=url) for n in range(3)]
    failed: list[BaseException] = []

    def start(settings: VaultSettings) -> None:
        try:
            Store(settings).close()
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            failed.append(error)

    threads = [threading.Thread(target=start, args=(one,)) for one in chosen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failed == []
    with closing(Store(chosen[0])) as store:
        assert names(store) == {"schema_version"}
    postgres.drop(url)


def test_more_statements_than_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_PREPARED", 3)
    with store.reading() as tx:
        for number in range(8):
            wanted = select(*[tables.meta.c.name] * (number % 5 + 1)).where(
                tables.meta.c.name == "schema_version"
            )
            assert tx.execute(wanted).first()
        ((kept,),) = tx.execute(text("SELECT count(*) FROM pg_prepared_statements")).all()
    assert kept <= 3


def test_what_is_long_and_odd_comes_back(safe: Safe) -> None:
    body = bytes(range(256)) * 200
    package_id = safe.package(BOB, CAROL, body=b"Subject: x\r\n\r\n" + body)
    assert safe.open(CAROL, package_id).endswith(body)
    safe.deliver_all()
    assert {row.state for row in safe.rows("outbox")} == {"done"}


# Settings


URL = "postgresql://sealgate@db.example:5432/vault"


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"database": "postgresql://sealgate:secret@db.example/vault"}, "does not belong here"),
        ({"database": "postgresql://db.example/vault"}, "write postgresql://user@host"),
        ({"database": "postgresql://sealgate@db.example"}, "write postgresql://user@host"),
        ({"database": f"{URL}?sslmode=disable"}, "write postgresql://user@host"),
        ({"database": "mysql://sealgate@db.example/vault"}, "for many nodes"),
        ({"database": URL, "database_tls": "none"}, "on this machine only"),
        (
            {"database": URL, "database_password": "x", "database_password_file": "/x"},
            "not both",
        ),
    ],
)
def test_an_address_that_would_be_wrong_or_shown_is_refused(
    chosen: dict[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        VaultSettings(folder=tmp_path, **chosen)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value.errors(include_input=False))


def test_the_password_comes_from_a_file_or_the_environment_and_is_never_shown(
    tmp_path: Path,
) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")
    by_file = VaultSettings(folder=tmp_path, database=URL, database_password_file=file)
    password = postgresql.password_of(by_file)
    assert password is not None
    assert password.reveal() == b"from the file"
    typed = VaultSettings(folder=tmp_path, database=URL, database_password="typed")  # type: ignore[arg-type]
    assert "typed" not in repr(typed) + typed.database_name
    gone = VaultSettings(folder=tmp_path, database=URL, database_password_file=tmp_path / "no")
    with pytest.raises(DatabaseUnfit, match="database_password_file"):
        postgresql.password_of(gone)


def test_the_line_is_verified_unless_told_otherwise(tmp_path: Path) -> None:
    default = postgresql._tls(VaultSettings(folder=tmp_path, database=URL))
    assert default is not None
    assert default.check_hostname
    loose = postgresql._tls(VaultSettings(folder=tmp_path, database=URL, database_tls=Tls.REQUIRED))
    assert loose is not None
    assert not loose.check_hostname
    here = "postgresql://sealgate@127.0.0.1/vault"
    assert (
        postgresql._tls(VaultSettings(folder=tmp_path, database=here, database_tls=Tls.NONE))
        is None
    )


def test_turns_have_numbers_in_one_order() -> None:
    assert turns.numbers(["b", "a", "b"]) == sorted(turns.numbers(["a", "b"]))
    assert all(-(1 << 63) <= number < 1 << 63 for number in turns.numbers(map(str, range(100))))
