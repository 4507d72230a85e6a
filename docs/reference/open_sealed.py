"""Opens one sealed package without Sealgate, from a copy of its folder and of the vault key.

    python open_sealed.py KEYS VAULT_FOLDER PACKAGE_ID > message.eml

KEYS is a private key file or a folder of them.

It is the sealed format (see sealed-format.md) written a second time, on the primitives of the
`cryptography` package alone. It checks no grants: whoever holds the private key can read.
"""

import base64
import getpass
import hashlib
import hmac
import io
import os
import sqlite3
import struct
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

HEADER_SIZE, PARAMETERS = 105, ">IIB16s12s"


def main() -> None:
    """Write the message of one package to standard output."""
    keys, folder, package_id = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    database = f"file:{folder / 'sealgate.sqlite'}?mode=ro"
    with closing(sqlite3.connect(database, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute(
            "SELECT packages.*, inline, place FROM packages"
            " JOIN contents ON contents.id = content_id WHERE packages.id = ?",
            [package_id],
        ).fetchone()
    found = dict(row or sys.exit(f"there is no sealed package {package_id} in {folder}"))
    content_id, inline, place = found["content_id"], found["inline"], found["place"]
    wrapped, second_lock = found["wrapped"], found.get("second_lock")
    purpose = "locked package content key" if second_lock else "package content key"
    private = find_key(keys, wrapped[2:10].hex())
    content_key = open_hpke(private, wrapped, binding(purpose, package_id))
    if second_lock:
        words = os.environ.get("SEALGATE_WORDS") or getpass.getpass("The six words: ")
        content_key = open_second_lock(content_key, second_lock, package_id, words)
    with io.BytesIO(inline) if place is None else (folder / "contents" / place).open("rb") as file:
        for piece in open_stream(file, content_key, content_id, 0):
            sys.stdout.buffer.write(piece)


def find_key(keys: Path, key_id: str) -> bytes:
    """Section 7: the private key with an id."""
    for path in sorted(keys.glob("vault*.private")) if keys.is_dir() else [keys]:
        if read_lines(path)["id"] == key_id:
            return read_key_file(path)
    raise SystemExit(f"the package was sealed to the key {key_id}, which is not in {keys}")


def read_key_file(path: Path) -> bytes:
    """Section 7: key files, and those that a passphrase protects."""
    lines = read_lines(path)
    if "lock" not in lines:
        return base64.b64decode(lines["key"])
    family = lines["kind"].rpartition("-")[0]
    lock = read_lines(path.with_name(f"{family}-{lines['lock']}.lock"))
    check(lock["method"] == "passphrase" and lock["id"] == lines["lock"])
    wrapped, sealed = base64.b64decode(lock["wrapped"]), base64.b64decode(lines["sealed"])
    head, memory, passes, lanes, salt, nonce = (
        wrapped[:37],
        *struct.unpack_from(PARAMETERS, wrapped),
    )
    phrase = os.environ.get("SEALGATE_KEYS__PASSPHRASE") or getpass.getpass("Passphrase: ")
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    bound = binding("key file passphrase", family) + len(head).to_bytes(2, "big") + head
    key = AESGCM(kdf.derive(phrase.encode())).decrypt(nonce, wrapped[37:], bound)
    bound = binding("key file", lines["kind"], lines["id"], lines["lock"])
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound)


def read_lines(path: Path) -> dict[str, str]:
    """Section 7: what a key file or a lock says."""
    return dict(line.split(": ", 1) for line in path.read_text().splitlines() if ": " in line)


def binding(*fields: str) -> bytes:
    """Section 3: what a sealed value is tied to."""
    encoded = [field.encode() for field in fields]
    return b"".join(len(field).to_bytes(2, "big") + field for field in encoded)


def open_second_lock(enclosed: bytes, stored: bytes, package_id: str, words: str) -> bytes:
    """Section 6: the second lock."""
    version, kind, memory, passes, lanes, salt = struct.unpack(">BBIIB16s", stored)
    check((version, kind) == (1, 1))
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    key = kdf.derive(" ".join(words.lower().split()).encode())
    bound = binding("second lock", package_id) + len(stored).to_bytes(2, "big") + stored
    return AESGCM(key).decrypt(enclosed[:12], enclosed[12:], bound)


def open_hpke(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Section 3: values sealed to a public key."""
    prefix, ct_m, ct_x, body = sealed[:10], sealed[10:1098], sealed[1098:1130], sealed[1130:]
    mlkem = MLKEM768PrivateKey.from_seed_bytes(private[:64])
    x25519 = X25519PrivateKey.from_private_bytes(private[64:])
    pk_x = x25519.public_key().public_bytes_raw()
    public = mlkem.public_key().public_bytes_raw() + pk_x
    check(prefix == b"\x01\x01" + hashlib.sha256(public).digest()[:8])
    # X-Wing: the shared secret of both, bound to the classical half of the exchange
    ss_m = mlkem.decapsulate(ct_m)
    ss_x = x25519.exchange(X25519PublicKey.from_public_bytes(ct_x))
    secret = hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + rb"\.//^" + b"\\").digest()
    # RFC 9180, section 5.1, mode base; KEM 0x647a, KDF 0x0001, AEAD 0x0002
    suite = b"HPKE" + bytes.fromhex("647a 0001 0002")
    info_hash = labeled_extract(suite, b"", b"info_hash", b"sealgate/v1/hpke" + prefix + info)
    context = b"\x00" + labeled_extract(suite, b"", b"psk_id_hash", b"") + info_hash
    prk = labeled_extract(suite, secret, b"secret", b"")
    key = labeled_expand(suite, prk, b"key", context, 32)
    nonce = labeled_expand(suite, prk, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, body, b"")


def open_stream(file: BinaryIO, key: bytes, package_id: str, part: int) -> Iterator[bytes]:
    """Section 4: streams."""
    header = file.read(HEADER_SIZE)
    check(len(header) == HEADER_SIZE)
    named, salt, commitment = header[:41], header[41:73], header[73:]
    magic, version, suite, exponent, name, number = struct.unpack(">8sBBB26sI", named)
    check((magic, version, suite) == (b"SEALGATE", 1, 1) and exponent in range(4, 25))
    check((name, number) == (package_id.encode(), part))
    derived = expand(hmac_sha256(salt, key), b"sealgate/v1/stream" + named, 64)
    check(hmac.compare_digest(derived[32:], commitment))
    aead, size, counter = AESGCM(derived[:32]), (1 << exponent) + 16, 0
    record = file.read(size)
    while True:
        following = file.read(size)
        last = b"\x00" if following else b"\x01"
        plain = aead.decrypt(counter.to_bytes(11, "big") + last, record, header)
        check(bool(plain) or counter == 0)
        yield plain
        if not following:
            return
        record, counter = following, counter + 1


def labeled_extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    """RFC 9180, section 4."""
    return hmac_sha256(salt or bytes(32), b"HPKE-v1" + suite + label + material)


def labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
    """RFC 9180, section 4."""
    return expand(prk, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, size)


def expand(prk: bytes, info: bytes, size: int) -> bytes:
    """HKDF-Expand, RFC 5869, section 2.3."""
    block, output, number = b"", b"", 1
    while len(output) < size:
        block = hmac_sha256(prk, block + info + bytes([number]))
        output, number = output + block, number + 1
    return output[:size]


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256, which is HKDF-Extract as well."""
    return hmac.digest(key, message, "sha256")


def check(as_it_should_be: bool) -> None:
    """Stop before anything more is written."""
    if not as_it_should_be:
        raise SystemExit("sealed data is damaged, or is not what it is said to be")


if __name__ == "__main__":
    main()
