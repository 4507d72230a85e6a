"""The chain of the audit trail: what a row's hash is made of.

Every process that writes has a strand of its own, so none waits for another. A row's hash takes in
the hash of the row before it in its strand and every column of its own but `id`, which is only its
place in the table (docs/reference/audit.md, "The chain").

Promises that two different rows, or the same rows in another order, never give the same hash, and
the same bytes on every database and in any language. Pure.
"""

import hashlib
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as _quoted

BEFORE = ""  # the strand of rows that were written before there was a chain
_STRAND = b"sealgate audit strand 1\n"
_begun = hashlib.sha256().copy  # a copy of nothing is had sooner than a new one


def beginning(strand: str) -> bytes:
    """Return what stands where the first row of a strand has no row before it (32 bytes)."""
    return hashlib.sha256(_STRAND + strand.encode()).digest()


def link(
    previous: bytes,
    strand: str,
    number: int,
    at: str,
    act: str,
    package_id: str | None,
    actor: str,
    subject: str,
    ip: str,
    agent: str,
    detail: str,
    policy: str,
) -> bytes:
    """Return the hash of a row: SHA-256 of the hash before it and a JSON array of its columns.

    The array is as `json.dumps(columns, separators=(",", ":"))` writes it: ASCII alone.
    """
    package = "null" if package_id is None else _quoted(package_id)
    told = (
        f"[{_quoted(strand)},{number},{_quoted(at)},{_quoted(act)},{package},{_quoted(actor)},"
        f"{_quoted(subject)},{_quoted(ip)},{_quoted(agent)},{_quoted(detail)},{_quoted(policy)}]"
    )
    hashed = _begun()
    hashed.update(previous + told.encode("ascii"))
    return hashed.digest()


def spelt(at: datetime | str) -> str:
    """Write an instant as the chain does: UTC, `2026-11-02 09:00:00.000000`.

    A driver that keeps times as text gives them in this form already.
    """
    if isinstance(at, str):
        return at
    utc = at.astimezone(UTC) if at.tzinfo else at
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds")
