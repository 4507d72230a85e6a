"""The reckoning after a run: what was promised, against what is there.

Acknowledged mails are looked for at the next hop and among the sealed packages. Packages are read
from the data folder by `docs/reference/open_sealed.py`, which shares no code with Sealgate: a fault
that writes and reads in the same wrong way would not be seen otherwise.
"""

import hashlib
import importlib.util
import io
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag

from tests.e2e.stage import TOP, Answer
from tests.e2e.traffic import Mail
from tests.sink import Caught

PACKAGES = (
    "SELECT packages.id, reference, author, wrapped, content_id, inline, place"
    " FROM packages LEFT JOIN contents ON contents.id = content_id"
)
GRANTS = "SELECT package_id, address FROM grants"
_SERIAL = re.compile(rb"^X-Serial: (\d+)\r$", re.MULTILINE)
_PREFIX = re.compile(rb"(?:Received: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*)*")
_LINK = re.compile(r"https://localhost:\d+/p/([a-z0-9]+)")
_REFERENCE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b")


@dataclass(frozen=True, slots=True)
class Package:
    """A sealed mail as it lies in the data folder. No digest: it could not be opened."""

    id: str
    reference: str
    author: str
    grants: frozenset[str]
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a recipient was told."""

    to: str
    package_id: str
    reference: str


@dataclass
class Findings:
    """What does not fit; each entry says which mail and what. Duplicates are counted apart."""

    lost: list[str] = field(default_factory=list)
    corrupted: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    not_told: list[str] = field(default_factory=list)
    sealed_twice: list[str] = field(default_factory=list)
    clear_duplicates: int = 0
    notice_duplicates: int = 0

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.corrupted, *self.leaked, *self.not_told, *self.sealed_twice]


def reconcile(
    mails: Iterable[Mail],
    acknowledged: Mapping[int, Answer],
    caught: Iterable[Caught],
    packages: Iterable[Package],
) -> Findings:
    """Compare."""
    findings = Findings()
    by_serial = {mail.serial: mail for mail in mails}
    copies, notices = _sort(caught, by_serial, findings)
    sealed = _recognise(packages, by_serial, findings)
    for serial, answer in sorted(acknowledged.items()):
        mail = by_serial[serial]
        for to in mail.clear:
            if not copies[serial, to]:
                findings.lost.append(f"mail {serial}: not at the next hop for {to}")
        if mail.sealed:
            _check_sealed(mail, answer, sealed.get(serial, []), notices, findings)
    findings.clear_duplicates = sum(count - 1 for count in copies.values())
    findings.notice_duplicates = sum(count - 1 for count in notices.values())
    return findings


def _sort(
    caught: Iterable[Caught], by_serial: Mapping[int, Mail], findings: Findings
) -> tuple[Counter[tuple[int, str]], Counter[Notice]]:
    """Clear copies by mail and recipient, and notices."""
    copies: Counter[tuple[int, str]] = Counter()
    notices: Counter[Notice] = Counter()
    for one in caught:
        found = _SERIAL.search(one.header)
        if found is None:
            notices.update(_notices(one))
            continue
        mail = by_serial[int(found[1])]
        before = one.content[: -len(mail.content)]
        if not one.content.endswith(mail.content) or not _PREFIX.fullmatch(before):
            findings.corrupted.append(f"mail {mail.serial}: changed on its way to the next hop")
        for to in one.recipients:
            if to in mail.clear:
                copies[mail.serial, to] += 1
            else:
                findings.leaked.append(f"mail {mail.serial}: sent in the clear to {to}")
    return copies, notices


def _notices(one: Caught) -> Iterable[Notice]:
    if named := _named(one.content):
        yield from (Notice(to, *named) for to in one.recipients)


def _plain(part: Message) -> str:
    """The text of a plain part."""
    payload = part.get_payload(decode=True)
    return payload.decode() if isinstance(payload, bytes) else ""


@cache
def _named(content: bytes) -> tuple[str, str] | None:
    """The package and the reference that a mail names, if it is a notice."""
    parts = BytesParser().parsebytes(content).walk()  # the new parser takes eight times as long
    text = next((_plain(part) for part in parts if part.get_content_type() == "text/plain"), "")
    link, reference = _LINK.search(text), _REFERENCE.search(text)
    return (link[1], reference[0]) if link and reference else None


def notices_in(caught: Iterable[Caught]) -> set[Notice]:
    """Every notice among the mails at the next hop."""
    return {notice for one in caught if not _SERIAL.search(one.header) for notice in _notices(one)}


def _recognise(
    packages: Iterable[Package], by_serial: Mapping[int, Mail], findings: Findings
) -> dict[int, list[Package]]:
    known = {hashlib.sha256(mail.content).digest(): mail.serial for mail in by_serial.values()}
    sealed: dict[int, list[Package]] = {}
    for package in packages:
        if package.digest in known:
            sealed.setdefault(known[package.digest], []).append(package)
        else:
            how = "does not open" if package.digest is None else "is not what was sent"
            findings.corrupted.append(f"package {package.reference} {how}")
    return sealed


def _check_sealed(
    mail: Mail,
    answer: Answer,
    packages: list[Package],
    notices: Mapping[Notice, int],
    findings: Findings,
) -> None:
    if not packages:
        findings.lost.append(f"mail {mail.serial}: answered {answer.text!r}, and not sealed")
        return
    package, *more = packages
    if more:
        findings.sealed_twice.append(f"mail {mail.serial}: {len(packages)} packages")
    if package.grants != set(mail.sealed) or package.reference != answer.reference:
        findings.corrupted.append(f"mail {mail.serial}: sealed for others, or under another name")
    for to in mail.sealed:
        if Notice(to, package.id, package.reference) not in notices:
            findings.not_told.append(f"mail {mail.serial}: {to} was not told")


def open_packages(folder: Path) -> list[Package]:
    """Read every package that a data folder holds."""
    with closing(sqlite3.connect(folder / "sealgate.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute(PACKAGES).fetchall()
        granted = database.execute(GRANTS).fetchall()
    return recognised(folder, rows, granted)


def recognised(
    folder: Path, rows: Iterable[Sequence[Any]], granted: Iterable[Sequence[str]]
) -> list[Package]:
    """Open packages: `rows` as in `open_packages`, and who is granted which."""
    opener, granted = _opener(), list(granted)
    private = opener.read_key_file(folder / "keys" / "vault.private")
    return [
        Package(
            id=package_id,
            reference=reference,
            author=author,
            grants=frozenset(address for of, address in granted if of == package_id),
            digest=_digest(opener, private, folder, package_id, tuple(stored)),
        )
        for package_id, reference, author, *stored in rows
    ]


def _digest(
    opener: ModuleType, private: bytes, folder: Path, package_id: str, stored: tuple[object, ...]
) -> bytes | None:
    wrapped, content_id, inline, place = stored
    digest = hashlib.sha256()
    try:
        key = opener.open_hpke(private, wrapped, opener.binding("package content key", package_id))
        with _sealed(folder, inline, place) as file:
            for piece in opener.open_stream(file, key, content_id, 0):
                digest.update(piece)
    except (OSError, InvalidTag, SystemExit):
        return None
    return digest.digest()


def _sealed(folder: Path, inline: object, place: object) -> BinaryIO:
    if isinstance(inline, bytes):
        return io.BytesIO(inline)
    return (folder / "contents" / str(place)).open("rb")


def _opener() -> ModuleType:
    path = TOP / "docs" / "reference" / "open_sealed.py"
    spec = importlib.util.spec_from_file_location("open_sealed", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def still_queued(folder: Path) -> int:
    """How many mails wait in a data folder that may be in use."""
    database = f"file:{folder / 'sealgate.sqlite'}?mode=ro"
    with closing(sqlite3.connect(database, uri=True, timeout=20)) as connection:
        count: int = connection.execute(
            "SELECT count(*) FROM outbox WHERE state = 'queued'"
        ).fetchone()[0]
    return count
