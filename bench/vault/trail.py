"""How fast a trail is verified, beside what a bare reading of it takes.

The lines are those of mail that is sealed, told of and opened, in the strands of many processes,
with a signed head for every few hundred.
"""

import hashlib
import runpy
import sqlite3
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from bench.vault.rounds import line, seconds, turns
from bench.vault.safe import opened
from sealgate.trail import formats as audit_formats
from vault.keys import signing
from vault.keys.signing import SigningKey
from vault.storage.store import Store
from vault.trail import chain, heads, lines, verifying

LINES = 1_000_000
STRANDS = 200
A_HEAD = 250  # lines
BEGUN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "reference"
_COLUMNS = "at, act, package_id, actor, subject, ip, agent, detail, policy, strand, number, hash"
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
Row = tuple[object, ...]


def measure(folder: Path, count: int = LINES) -> list[str]:
    """Give the rows."""
    keys = folder / "keys"
    keys.mkdir()
    key = signing.make(keys)
    with opened(folder / "data") as store:
        fill(store, key, count)
        public, export = signing.load_public(keys), folder / "export.jsonl"
        _export(store, export)

        def verify() -> float:
            taken = seconds(lambda: _sound(verifying.verify(store, [public]).is_sound))
            return count / taken

        def bare() -> float:
            return count / seconds(lambda: _read(store.settings.database_file))

        def apart() -> float:
            return count / seconds(lambda: _sound(_offline(keys / "audit.public", export)))

        rates = turns([verify, apart, bare])
    of = "bare sqlite3, read and hashed"
    return [
        line("audit verify", "lines/s", rates[0], rates[2], of),
        line("verify_audit.py, offline", "lines/s", rates[1], rates[2], of),
    ]


def fill(store: Store, key: SigningKey, count: int) -> None:
    """Write a trail, and sign it as it grows."""
    tips: dict[str, tuple[int, bytes]] = {}
    with closing(sqlite3.connect(store.settings.database_file)) as database:
        database.execute("PRAGMA synchronous=OFF")
        for first in range(0, count, A_HEAD):
            rows = [_row(at, tips) for at in range(first, min(first + A_HEAD, count))]
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT INTO events ({_COLUMNS}) VALUES ({marks})", rows)
            grown = {str(row[9]) for row in rows}
            ends = [(name, "bench", _spelt(first), *tips[name]) for name in grown]
            database.executemany("INSERT OR REPLACE INTO strands VALUES (?, ?, ?, ?, ?)", ends)
            database.commit()
            heads.make(store, key)


def _row(at: int, tips: dict[str, tuple[int, bytes]]) -> Row:
    name = f"{at // 64 % STRANDS:016d}"
    before, tip = tips.get(name) or (0, chain.beginning(name))
    facts = (_spelt(at), *_told(at))
    tip = chain.link(tip, name, before + 1, *facts)
    tips[name] = before + 1, tip
    return (*facts, name, before + 1, tip)


def _told(at: int) -> tuple[str, str, str, str, str, str, str, str]:
    """Return the columns of a line from `act` on: a mail has five lines."""
    package, of = f"{at // 5:026d}", at % 5
    sender, reader = f"sam.taylor{at % 100}@council.example", f"ann{at % 997}@clinic.example"
    if of == 0:
        return "package:sealed", package, sender, "", "", "", "expires in 30 days", "d1" * 32
    if of == 1:
        return "access:granted", package, sender, reader, "", "", "", "d1" * 32
    if of == 2:
        return "notice:queued", package, "", reader, "", "", "", ""
    if of == 3:
        return "notice:relayed", package, "", reader, "", "", f"250 2.0.0 Ok: queued as {at:X}", ""
    return "package:opened", package, reader, "", "192.0.2.7", _BROWSER, "", ""


def _spelt(at: int) -> str:
    return chain.spelt(BEGUN + timedelta(milliseconds=37 * at))


def _read(file: Path) -> bytes:
    """Read every line and hash it, with nothing looked at: what no verifier can do without."""
    last, digest = 0, b""
    with closing(sqlite3.connect(file)) as database:
        asked = f"SELECT id, {_COLUMNS} FROM events WHERE id > ? ORDER BY id LIMIT {lines.AT_ONCE}"
        while rows := database.execute(asked, (last,)).fetchall():
            for _, *facts, hashed in rows:
                digest = hashlib.sha256(hashed + "".join(map(str, facts)).encode()).digest()
            last = rows[-1][0]
    return digest


def _export(store: Store, file: Path) -> None:
    told = audit_formats.as_json(
        lines.told(store, lines.Wanted()), heads.since(store, 0), whole=True
    )
    with file.open("w") as written:
        written.writelines(f"{one}\n" for one in told)


def _offline(key: Path, export: Path) -> bool:
    verify: Callable[[Path, Path], int] = runpy.run_path(str(DOCS / "verify_audit.py"))["main"]
    with redirect_stdout(StringIO()):
        return verify(key, export) == 0


def _sound(is_sound: bool) -> None:
    if not is_sound:
        raise AssertionError("what nobody has touched is not sound")
