"""Verifies an export of the audit trail without Sealgate, on another machine.

    python verify_audit.py audit.public export.jsonl [heads-kept-elsewhere.jsonl]

The export is what `sealgate audit export` writes; the public key and the heads kept elsewhere are
to come from somewhere that the operator of the node cannot change. Needs the `cryptography` package
and nothing else. Every finding is a line; ends with 1 if there is any. See audit.md.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring_ascii as quoted
from operator import itemgetter
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

COLUMNS = (
    "strand", "number", "at", "act", "package", "actor", "subject", "ip", "agent", "detail",
    "policy",
)  # fmt: skip
OLD = ""  # the strand of lines from before there was a chain
Row = dict[str, Any]
columns = itemgetter(*COLUMNS)
# As `json.dumps` writes them, which is slower.
WRITTEN: dict[type, Callable[[Any], str]] = {str: quoted, int: str}


class Check:
    """One reading of an export: heads first, then lines, as they come."""

    def __init__(self, key: Ed25519PublicKey, key_id: str) -> None:
        self.keys = {key_id: key}  # the one that was given, and those named in its place
        self.turn = ""  # id of the key that is to sign the next head
        self.strange = 0  # the first head that no believed one vouches for yet
        self.findings = self.heads = self.lines = 0
        self.is_whole = self.has_ended = False
        self.kept: dict[int, Row] = {}  # heads kept elsewhere that have not been met yet
        self.previous = "00" * 32  # hash of the head before
        self.marks: dict[str, tuple[int, str]] = {}  # a strand's last line that a head speaks of
        self.ends: dict[str, tuple[int, str]] = {}  # a strand's last line that was read
        self.at_mark: dict[str, str] = {}  # the hash that the marked line really has

    def export(self, row: Row) -> None:
        """Take the first row."""
        self.is_whole = row["whole"]

    def head(self, row: Row) -> None:
        """Check a head against the one before it, and take in what it says."""
        name = f"head {row['head']}"
        self.heads += 1
        if row["head"] != self.heads:
            self.found(f"{name} stands where head {self.heads} should")
        self.heads = row["head"]
        self.compare(self.kept.pop(row["head"], row), row["hash"], "is another here")
        previous, self.previous = self.previous, row["hash"]
        if row["key"] != (self.turn or row["key"]):
            self.found(f"{name} was signed with a key that no head before it has named")
        elif row["key"] in self.keys and not self.signed(row):
            self.found(f"{name} was not signed with its key")
        elif hashlib.sha256(row["body"].encode()).hexdigest() != row["hash"]:
            self.found(f"{name} has been changed")
        else:
            body = json.loads(row["body"])
            if body["previous"] != previous:
                self.found(f"{name} does not follow the one before it")
            self.marks |= {strand: (number, tip) for strand, number, tip in body["strands"]}
            self.believe(row, body)

    def believe(self, row: Row, body: Row) -> None:
        """Note whose turn it is; a believed head vouches for all before it, by their hashes."""
        is_known, self.turn = row["key"] in self.keys, row["key"]
        self.strange = 0 if is_known else self.strange or row["head"]
        if "next_key" in body:
            raw = bytes.fromhex(body["next_key"])
            self.turn = hashlib.sha256(raw).hexdigest()[:16]
            if is_known:
                self.keys[self.turn] = Ed25519PublicKey.from_public_bytes(raw)

    def line(self, row: Row) -> None:
        """Check a line against the one before it in its strand."""
        self.lines += 1
        name = row["strand"]
        number, before = self.ends.get(name) or (0, beginning(name))
        if name == OLD:
            row["number"] = number + 1
        told = ",".join([WRITTEN.get(type(one), json.dumps)(one) for one in columns(row)])
        computed = hashlib.sha256(bytes.fromhex(before) + f"[{told}]".encode()).hexdigest()
        stored = computed if name == OLD else row["hash"]
        if row["number"] != number + 1:
            self.found(f"strand {name}: line {row['number']} stands where {number + 1} should")
        elif computed != stored:
            self.found(f"strand {name}: line {row['number']} has been changed")
        self.ends[name] = (row["number"], stored)
        if name in self.marks and self.marks[name][0] == row["number"]:
            self.at_mark[name] = stored

    def end(self, row: Row) -> None:
        """Take the last row."""
        self.has_ended = (row["heads"], row["lines"]) == (self.heads, self.lines)

    def finish(self) -> None:
        """Check what can only be known at the end."""
        if not (self.is_whole and self.has_ended):
            self.found("the export is not whole: export everything, with --format json")
        if not self.heads:
            self.found("there is no head: nothing vouches for these lines")
        if self.strange:
            self.found(f"head {self.strange} was not signed with this key")
        for row in self.kept.values():
            self.compare(row, "", "is missing: the trail was cut off")
        for name, (number, tip) in self.marks.items():
            if self.at_mark.get(name) != tip:
                self.found(f"strand {name}: up to line {number} it is not what a head has signed")
        if self.ends.get(OLD, (0,))[0] > self.marks.get(OLD, (0,))[0]:
            self.found("there are lines from before the chain that no head has taken in")

    def unsigned(self) -> int:
        """Count the lines that are newer than the newest head."""
        return sum(
            number - self.marks.get(name, (0,))[0] for name, (number, _) in self.ends.items()
        )

    def keep(self, file: Path) -> None:
        """Read heads that were kept elsewhere; what a syslog server puts before them is skipped."""
        for line in filter(str.strip, file.read_text(encoding="utf-8").splitlines()):
            row = json.loads(line[line.index('{"head":') :])
            self.kept[row["head"]] = row

    def compare(self, kept: Row, found: str, problem: str) -> None:
        """Compare a head that was kept elsewhere with the hash of the one here."""
        if kept["hash"] != found:
            name = f"head {kept['head']}, kept elsewhere,"
            self.found(f"{name} {problem if self.signed(kept) else 'is not genuine'}")

    def signed(self, row: Row) -> bool:
        """Check a signature: it is over a few facts that can be kept without the body."""
        facts = "".join(f"{row[name]}\n" for name in ("head", "at", "lines", "hash"))
        try:
            told = f"sealgate audit head 1\n{facts}".encode()
            self.keys[row["key"]].verify(bytes.fromhex(row["signature"]), told)
        except (InvalidSignature, KeyError, ValueError):
            return False
        return True

    def found(self, sentence: str) -> None:
        """Tell of something that is wrong."""
        self.findings += 1
        say(sentence)


def main(key_file: Path, export: Path, kept: Path | None = None) -> int:
    """Verify, say what came of it, and return the exit code."""
    check = Check(*read_key(key_file))
    if kept is not None:
        check.keep(kept)
    take = {"export": check.export, "head": check.head, "line": check.line, "end": check.end}
    for row in read(export):
        take[row["kind"]](row)
    check.finish()
    say(f"{check.lines} lines, {check.heads} heads, {check.unsigned()} lines not signed yet")
    say("THE TRAIL IS NOT WHAT WAS WRITTEN" if check.findings else "nothing is wrong")
    return 1 if check.findings else 0


def read(file: Path) -> Iterator[Row]:
    """Yield the objects of an export, one a line."""
    with file.open(encoding="utf-8") as opened:
        for line in opened:
            yield json.loads(line)


def read_key(file: Path) -> tuple[Ed25519PublicKey, str]:
    """Read audit.public; the key's id is worked out from the key itself."""
    [text] = [line for line in file.read_text().splitlines() if line.startswith("key: ")]
    raw = base64.b64decode(text.removeprefix("key: "))
    return Ed25519PublicKey.from_public_bytes(raw), hashlib.sha256(raw).hexdigest()[:16]


def beginning(strand: str) -> str:
    """Return what stands where the first line of a strand has no line before it."""
    return hashlib.sha256(b"sealgate audit strand 1\n" + strand.encode()).hexdigest()


def say(sentence: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
