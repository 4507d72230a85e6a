"""A passphrase that wraps keys: Argon2id (RFC 9106) makes a key of it, AES-256-GCM does the rest.

    memory (4, KiB) | passes (4) | lanes (1) | salt (16) | nonce (12) | ciphertext (32) | tag (16)

Promises that what is read costs no more than `MOST_MEMORY`, whatever the file says.
Must never keep the passphrase.
"""

import secrets
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vault.errors import KeyUnusable
from vault.keys.hpke import binding
from vault.keys.settings import KeySettings
from vault.secrets import Secret

MEMORY, PASSES, LANES = 64 * 1024, 3, 4  # RFC 9106, section 4: the second recommended choice
MOST_MEMORY, MOST_PASSES = 1024 * 1024, 100
SHORTEST = 15  # characters
_HEAD = struct.Struct(">IIB16s12s")
_PURPOSE = "key file passphrase"


class Passphrase:
    """Wraps and unwraps by a passphrase that is asked of the settings each time."""

    def __init__(self, settings: KeySettings) -> None:
        self._settings = settings

    def wrap(self, key: Secret, family: str) -> bytes:
        """Encrypt a key; raises KeyUnusable for a passphrase that is too short."""
        passphrase = self._settings.secret("passphrase")
        if len(passphrase.reveal().decode()) < SHORTEST:
            raise KeyUnusable(f"a passphrase for key files has at least {SHORTEST} characters")
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        head = _HEAD.pack(MEMORY, PASSES, LANES, salt, nonce)
        derived = _derived(passphrase, salt, MEMORY, PASSES, LANES)
        return head + AESGCM(derived).encrypt(nonce, key.reveal(), binding(_PURPOSE, family, head))

    def unwrap(self, wrapped: bytes, family: str) -> Secret:
        """Decrypt what `wrap` made; raises KeyUnusable for another passphrase."""
        if len(wrapped) < _HEAD.size:
            raise KeyUnusable("a lock of the key files is damaged: put back a copy of it")
        head, body = wrapped[: _HEAD.size], wrapped[_HEAD.size :]
        memory, passes, lanes, salt, nonce = _HEAD.unpack(head)
        if not (8 * lanes <= memory <= MOST_MEMORY and 0 < passes <= MOST_PASSES and lanes):
            raise KeyUnusable("a lock of the key files is damaged: put back a copy of it")
        derived = _derived(self._settings.secret("passphrase"), salt, memory, passes, lanes)
        try:
            return Secret(AESGCM(derived).decrypt(nonce, body, binding(_PURPOSE, family, head)))
        except InvalidTag:
            raise KeyUnusable(f"the passphrase does not open the {family} keys") from None


def _derived(passphrase: Secret, salt: bytes, memory: int, passes: int, lanes: int) -> bytes:
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return kdf.derive(passphrase.reveal())
