"""Certificates of destruction: a signed statement that the content of a package is gone for good.

A certificate is a JSON object: `statement` is the text that was signed, itself JSON, `signature` is
Ed25519 (RFC 8032) over `sealgate destruction certificate 1`, a line feed and that text in UTF-8,
`key` the name of the signing key. It is checked with the installation's public key alone.

Promises that nothing of the mail is in it but addresses, times and its size.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from vault.keys.signing import SigningKey, VerifyingKey

KIND = "destruction certificate 1"
LONGEST = 64 * 1024  # bytes
OVERWRITTEN = (
    "The content key of the message, which existed only wrapped under the key of the vault, was "
    "overwritten in the database and removed from its write-ahead log. The encrypted content was "
    "deleted. What was sealed can no longer be opened by anybody."
)
REMOVED = (
    "The content key of the message, which existed only wrapped under the key of the vault, was "
    "removed from the table of the PostgreSQL database that held it, and its space was given free. "
    "The encrypted content was deleted. The database server's own log and backups are not covered: "
    "they hold the key, wrapped, until the server has recycled them."
)


class NotGenuine(Exception):
    """This is no certificate of this installation; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a certificate states. Times are aware; `size` is the message's, in bytes."""

    organisation: str
    reference: str
    package_id: str
    owner: str
    author: str
    recipients: int
    size: int
    sealed_at: datetime
    expired_at: datetime | None
    destroyed_at: datetime
    certified_at: datetime
    cause: str
    method: str = OVERWRITTEN  # in words


def certify(fate: Fate, key: SigningKey) -> bytes:
    """Return the certificate, signed."""
    told = {"type": KIND, **{name: _plain(value) for name, value in asdict(fate).items()}}
    statement = json.dumps(told, indent=2, ensure_ascii=False)
    signature = key.sign(KIND, statement.encode())
    whole = {
        "statement": statement,
        "signature": base64.b64encode(signature).decode("ascii"),
        "key": key.public.id,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n"


def verify(certificate: bytes, key: VerifyingKey) -> Fate:
    """Return what a certificate states if `key` confirms it; raises NotGenuine."""
    whole = _object(certificate)
    statement, signature = whole.get("statement"), whole.get("signature")
    if not isinstance(statement, str) or not isinstance(signature, str):
        raise NotGenuine("this is no certificate of destruction")
    try:
        signed = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        raise NotGenuine("the signature is damaged") from None
    if not key.confirms(KIND, statement.encode("utf-8", "surrogatepass"), signed):
        named = whole.get("key")
        if named != key.id:
            raise NotGenuine(f"it was signed with the key {named}, and this is the key {key.id}")
        raise NotGenuine("the statement is not what was signed: it has been changed")
    return read(certificate)


def signer(certificate: bytes) -> str:
    """Return the id of the key that it says has signed it, unchecked; raises NotGenuine."""
    return str(_object(certificate).get("key"))


def read(certificate: bytes) -> Fate:
    """Return what a certificate states, unchecked; raises NotGenuine for what is none."""
    told = _object(str(_object(certificate).get("statement")).encode("utf-8", "surrogatepass"))
    if told.get("type") != KIND:
        raise NotGenuine("this is no certificate of destruction")
    try:
        return Fate(
            **{name: told[name] for name in ("organisation", "reference", "package_id", "owner")},
            **{name: told[name] for name in ("author", "recipients", "size", "cause", "method")},
            sealed_at=datetime.fromisoformat(told["sealed_at"]),
            expired_at=_instant(told["expired_at"]),
            destroyed_at=datetime.fromisoformat(told["destroyed_at"]),
            certified_at=datetime.fromisoformat(told["certified_at"]),
        )
    except (KeyError, TypeError, ValueError):
        raise NotGenuine("this is no certificate of destruction") from None


def _object(text: bytes) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise NotGenuine("this is too large to be a certificate")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise NotGenuine("this is no certificate of destruction") from None
    if not isinstance(found, dict):
        raise NotGenuine("this is no certificate of destruction")
    return found


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
