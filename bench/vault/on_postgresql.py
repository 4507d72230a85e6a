"""Durable deposits on PostgreSQL, beside what the server does with the same statements.

Sixteen threads deposit at once, as a door does. Beside it, in turns:

    replay     what one round sent to the server, word for word and in the same commits, sent again
               into an empty database by one connection with nothing else to do
    pgbench    sixteen clients of PostgreSQL's own program, each running the statements of one
               deposit in a commit of its own, with ids of its own

The server is started by the run, with `fsync` on and its own defaults.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from bench.vault.deposits import AT_ONCE, EACH, deposits
from bench.vault.rounds import line, seconds, turns
from bench.vault.safe import Keys, opened, put
from tests import postgres
from vault.storage.wire import Wire

Said = list[tuple[str, tuple[Any, ...]]]
"""What was sent, in its order: each statement with its values."""

TRANSACTIONS = 100  # of each client of pgbench
_PLACE = re.compile(r"\$([0-9]+)")


def measure(folder: Path) -> list[str]:
    """Give the rows."""
    keys = Keys.new(folder / "keys")
    numbers, names = count(), count()
    script = _script(_one_deposit(folder, keys, numbers), folder)
    said: list[Said] = []

    def sealgate() -> float:
        with _database() as url, opened(folder / f"safe{next(names)}", url) as store:
            with listened() as heard:
                rate = deposits(store, keys, numbers)
            said.append(heard)
            return rate

    commits = partial(_commits, said)
    own, again, bench = turns([sealgate, lambda: _replay(said[-1]), partial(_pgbench, *script)])
    name = f"PostgreSQL, {AT_ONCE} at once ({AT_ONCE * EACH / commits():.1f} a commit)"
    return [
        line(name, "a second", own, again, "replay"),
        line(name, "a second", own, bench, "pgbench"),
    ]


@contextmanager
def listened() -> Iterator[Said]:
    """Hear what is sent to the server for as long as the block lasts."""
    heard: Said = []
    ask = Wire.ask

    def hear(self: Wire, text: str, values: Any = ()) -> Any:
        heard.append((text, tuple(values)))
        return ask(self, text, values)

    Wire.ask = hear  # type: ignore[method-assign]
    try:
        yield heard
    finally:
        Wire.ask = ask  # type: ignore[method-assign]


def transactions(said: Said) -> list[Said]:
    """Return what was sent to change something, commit by commit."""
    found: list[Said] = []
    now: Said | None = None
    for text, values in said:
        if text.startswith("BEGIN") and "READ WRITE" in text:
            now = []
        if now is not None:
            now.append((text, values))
            if text == "COMMIT":
                found.append(now)
                now = None
    return found


def _commits(said: list[Said]) -> float:
    return sum(len(transactions(one)) for one in said) / len(said)


def _replay(said: Said) -> float:
    """Send what a round sent once more; returns packages a second."""
    wanted = transactions(said)
    with _database() as url:
        wire = _wire(url)

        def send() -> None:
            for one in wanted:
                for text, values in one:
                    wire.ask(text, values)

        taken = seconds(send)
        wire.close()
    return AT_ONCE * EACH / taken


def _one_deposit(folder: Path, keys: Keys, numbers: "count[int]") -> Said:
    """Hear what one deposit sends, of a process that has been at work."""
    with _database() as url, opened(folder / "one", url) as store:
        for _ in range(3):
            put(store, keys, next(numbers))
        with listened() as heard:
            put(store, keys, next(numbers))
    (one,) = transactions(heard)
    return one


def _script(said: Said, folder: Path) -> tuple[Path, list[str]]:
    """Write a deposit for pgbench; returns the file, and the values that are alike for all.

    What identifies something is drawn anew each time; everything else is sent as it was.
    """
    lines: list[str] = []
    names: dict[Any, str] = {}
    chosen: list[str] = []
    for text, values in said:
        if text.startswith("BEGIN"):
            begin, *locks = text.split("; ")
            lines += [f"{begin};", *_locked(locks)]
            continue
        given = [_named(value, names, chosen) for value in values]
        said_so = _PLACE.sub(lambda found, given=given: given[int(found[1]) - 1], text)
        lines.append(f"{said_so.replace(chr(10), ' ')};")
    drawn = [
        f"\\set {name} random(1, 1000000000000000000)" for name in names.values() if name[0] == "i"
    ]
    file = folder / "deposit.sql"
    file.write_text("\n".join([*drawn, *lines]) + "\n")
    return file, chosen


def _locked(locks: list[str]) -> list[str]:
    """Take as many turns as a deposit does, in one question; each client's are its own."""
    if not locks:
        return []
    asked = ", ".join(f"pg_advisory_xact_lock(:client_id * 100 + {n})" for n in range(len(locks)))
    return [f"SELECT {asked};"]


def _named(value: Any, names: dict[Any, str], chosen: list[str]) -> str:
    if value is None:
        return "NULL"
    if value in ("", b""):  # pgbench has no variable for nothing
        return "''"
    key = (type(value), value)
    if key not in names:
        names[key] = f"{'i' if _identifies(value) else 'v'}{len(names)}"
        if not _identifies(value):
            chosen += ["-D", f"{names[key]}={_spelt(value)}"]
    return f":{names[key]}"


def _identifies(value: Any) -> bool:
    """Say whether a value is an id, a reference or a mark: there may be one of a kind only."""
    if isinstance(value, bytes):
        return len(value) in {16, 32}
    plain = str(value) if isinstance(value, str) else ""
    return len(plain) in {9, 26} and "@" not in plain and " " not in plain


def _spelt(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _pgbench(script: Path, chosen: list[str]) -> float:
    """Have pgbench deposit; returns how many a second."""
    with _database() as url:
        run = [
            *(str(postgres.TOOLS / "pgbench"), "--no-vacuum", "--protocol=prepared"),
            *("--client", str(AT_ONCE), "--jobs", "2", "--transactions", str(TRANSACTIONS)),
            *("--file", str(script), *chosen),
            *("--host", str(postgres.socket_folder()), "--username", "postgres"),
            postgres.name_of(url),
        ]
        done = subprocess.run(run, capture_output=True, text=True, check=False)
    rates = [part for part in done.stdout.splitlines() if part.startswith("tps = ")]
    if done.returncode or not rates:
        raise SystemExit(f"pgbench: {done.stderr[-2000:]}")
    return float(rates[-1].split()[2])


@contextmanager
def _database() -> Iterator[str]:
    url = postgres.blank_database()
    try:
        yield url
    finally:
        postgres.drop(url)


def _wire(url: str) -> Wire:
    plug = f"{postgres.socket_folder()}/.s.PGSQL.5432"
    return Wire(user="postgres", unix_sock=plug, database=postgres.name_of(url))
