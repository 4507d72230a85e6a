"""Phrases: six words that one person tells another by telephone, and the key that they make.

The words are drawn from 2,048, of which no two begin with the same four letters: 66 bits. What is
typed may be in capitals, with hyphens, and each word cut after four letters.

Promises that a phrase is drawn, never chosen, so that whoever has stolen everything else must try
half of 2^66 of them, each at the cost of Argon2id. Must never keep a phrase.
"""

import re
import secrets
import struct
import threading
from functools import cache
from importlib.resources import files

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vault.errors import Tampered
from vault.keys.hpke import binding
from vault.secrets import Secret

WORDS = 6
LETTERS = 4  # of a word that tell it from every other
LONGEST = 200  # characters of what is typed
MEMORY, PASSES, LANES = 64 * 1024, 3, 4  # KiB; RFC 9106, section 4, the second recommended choice
VERSION, PHRASE = 1, 1
_PURPOSE = "second lock"
_NONCE_SIZE = 12
_PARAMETERS = struct.Struct(">BBIIB16s")  # version, kind, memory, passes, lanes, salt
_BREAK = re.compile(r"[\s,.;\-–—]+")
_one_at_a_time = threading.Lock()


class NotAWord(ValueError):
    """What was typed cannot be a phrase. `place` is the word at fault, from 1; 0: their number."""

    def __init__(self, place: int) -> None:
        super().__init__(f"word {place}")
        self.place = place


def draw() -> Secret:
    """Draw a phrase: its words, with a blank between them."""
    known = tuple(_known().values())
    return Secret(" ".join(secrets.choice(known) for _ in range(WORDS)).encode())


def parse(typed: str) -> Secret:
    """Return the phrase that somebody means; raises NotAWord."""
    found = [word for word in _BREAK.split(typed[:LONGEST].lower()) if word]
    if len(found) != WORDS:
        raise NotAWord(0)
    words = []
    for place, word in enumerate(found, 1):
        meant = _known().get(word[:LETTERS], "")
        if not meant.startswith(word):
            raise NotAWord(place)
        words.append(meant)
    return Secret(" ".join(words).encode())


def parameters() -> bytes:
    """Draw what a new lock stores in the clear: 27 bytes."""
    salt = secrets.token_bytes(16)
    return _PARAMETERS.pack(VERSION, PHRASE, MEMORY, PASSES, LANES, salt)


def derive(phrase: Secret, stored: bytes) -> Secret:
    """Make the key of a lock; takes a tenth of a second and 64 MiB. Raises Tampered.

    One at a time in a process, so that many who try at once do not use up its memory.
    """
    try:
        version, kind, memory, passes, lanes, salt = _PARAMETERS.unpack(stored)
    except struct.error:
        raise Tampered from None
    if (version, kind) != (VERSION, PHRASE) or memory > MEMORY or passes > PASSES or lanes > LANES:
        raise Tampered
    try:
        kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    except ValueError:
        raise Tampered from None
    with _one_at_a_time:
        return Secret(kdf.derive(phrase.reveal()))


def enclose(content_key: Secret, key: Secret, package_id: str, stored: bytes) -> bytes:
    """Encrypt a content key under the key of a lock: nonce (12), ciphertext (32), tag (16)."""
    nonce, bound = secrets.token_bytes(_NONCE_SIZE), binding(_PURPOSE, package_id, stored)
    return nonce + AESGCM(key.reveal()).encrypt(nonce, content_key.reveal(), bound)


def disclose(enclosed: bytes, key: Secret, package_id: str, stored: bytes) -> Secret:
    """Decrypt what `enclose` made; raises Tampered, also for the key of other words."""
    nonce, body = enclosed[:_NONCE_SIZE], enclosed[_NONCE_SIZE:]
    bound = binding(_PURPOSE, package_id, stored)
    try:
        return Secret(AESGCM(key.reveal()).decrypt(nonce, body, bound))
    except (InvalidTag, ValueError):
        raise Tampered from None


@cache
def _known() -> dict[str, str]:
    """Every word, by what tells it from the others."""
    lines = files("vault.packages").joinpath("words/english.txt").read_text("ascii").split("\n")
    words = [line for line in lines if line and not line.startswith("#")]
    return {word[:LETTERS]: word for word in words}
