"""What changes in a SQLite database while it is being copied: noted by triggers of its own.

    begin     from here on the key of every row that is added, changed or deleted is noted
    noted     what has been noted, and up to where
    shut      nothing can be written any more: whoever tries is told that the store is not there
    forget    the triggers and the notes go, as if nothing had been begun

Promises that what commits after `begin` is noted in the same transaction, whichever process
writes. Must never note anything of a row but its key.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Table, insert, select, text, update

from vault.storage import schema, tables
from vault.storage.rowwise import Key
from vault.storage.store import Transaction

NOTES = "moving_changes"
_ACTS = {"insert": "new", "update": "new", "delete": "old"}
_MARK = "moving"  # in `meta`: which move this is


def followed() -> list[Table]:
    """Return the tables that are copied: what is referred to before what refers."""
    return [table for table in tables.metadata.sorted_tables if table is not tables.meta]


def begin(tx: Transaction, mark: str) -> str:
    """Note every change from the end of this transaction on; returns the mark of the move.

    That is `mark`, or the earlier one of a move that goes on.
    """
    if (before := mark_of(tx)) is not None:
        return before
    tx.execute(text(f"CREATE TABLE {NOTES} (n INTEGER PRIMARY KEY AUTOINCREMENT, name, k1, k2)"))
    for table in followed():
        for act, row in _ACTS.items():
            keys = [*(f"{row}.{column.name}" for column in table.primary_key), "''"][:2]
            values = ", ".join([f"'{table.name}'", *keys])
            noted = f"INSERT INTO {NOTES} (name, k1, k2) VALUES ({values})"  # noqa: S608 - our own names
            tx.execute(text(_trigger("moving", table, act, "AFTER", noted)))
    tx.execute(insert(tables.meta), [{"name": _MARK, "value": mark}])
    return mark


def mark_of(tx: Transaction) -> str | None:
    """Return the mark of the move that has been begun, None if there is none."""
    meta = tables.meta.c
    found = tx.execute(select(meta.value).where(meta.name == _MARK)).scalar()
    return None if found is None else str(found)


def noted(tx: Transaction, after: int, most: int) -> tuple[int, dict[str, set[Key]]]:
    """Return the notes after one: the last of them (0: none), and what has changed, by table."""
    found: dict[str, set[Key]] = {}
    last = 0
    asked = f"SELECT n, name, k1, k2 FROM {NOTES} WHERE n > :after ORDER BY n LIMIT :most"  # noqa: S608
    rows = tx.execute(text(asked).bindparams(after=after, most=most))
    wide = {table.name: len(table.primary_key.columns) for table in followed()}
    for number, name, *keys in rows:
        last = number
        found.setdefault(name, set()).add(tuple(keys[: wide[name]]))
    return last, found


def left(tx: Transaction) -> int:
    """Count the notes that there are."""
    return int(tx.execute(text(f"SELECT count(*) FROM {NOTES}")).scalar() or 0)  # noqa: S608


def done(tx: Transaction, last: int) -> None:
    """Forget the notes up to one."""
    tx.execute(text(f"DELETE FROM {NOTES} WHERE n <= {last}"))  # noqa: S608 - a number


def again(tx: Transaction, places: Iterable[tuple[Table, Key]]) -> None:
    """Note rows once more: they could not be brought over yet."""
    for table, key in places:
        first, second = (*key, "")[:2]
        noted = text(f"INSERT INTO {NOTES} (name, k1, k2) VALUES (:name, :k1, :k2)")  # noqa: S608
        tx.execute(noted.bindparams(name=table.name, k1=first, k2=second))


def shut(tx: Transaction, where: str) -> None:
    """Let nobody write any more, and say where it all is."""
    meta = tables.meta
    _drop(tx, "moving")
    moved = update(meta).where(meta.c.name == "schema_version")
    tx.execute(moved.values(value=f"{schema.MOVED} {where}"))
    for table in [*followed(), meta]:
        for act in _ACTS:
            refused = "SELECT RAISE(ABORT, 'moved')"
            tx.execute(text(_trigger("moved", table, act, "BEFORE", refused)))


def forget(tx: Transaction) -> bool:
    """End a move that was begun and not finished; False if there is none."""
    if mark_of(tx) is None:
        return False
    _drop(tx, "moving")
    tx.execute(text(f"DROP TABLE {NOTES}"))
    meta = tables.meta
    tx.execute(meta.delete().where(meta.c.name == _MARK))
    return True


def _drop(tx: Transaction, why: str) -> None:
    for name in _names(why):
        tx.execute(text(f"DROP TRIGGER IF EXISTS {name}"))


def _names(why: str) -> Iterator[str]:
    for table in followed():
        yield from (f"{why}_{table.name}_{act}" for act in _ACTS)


def _trigger(why: str, table: Table, act: str, when: str, does: str) -> str:
    name = f"{why}_{table.name}_{act}"
    return f"CREATE TRIGGER {name} {when} {act} ON {table.name} BEGIN {does}; END"
