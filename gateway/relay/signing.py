"""DKIM signatures on the mails that are passed on, by the domain of their author (RFC 6376).

Promises that a mail is signed last, when nothing of it changes any more, and with the key of the
domain in its From line or not at all, that a signature it came with stays as it was, and that a
mail of any size needs no more memory than a chunk. Must never hold up a mail: what cannot be
signed goes unsigned, and it is logged.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from email.errors import MessageError
from functools import partial
from itertools import chain
from typing import Self

import structlog
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from gateway.relay.dkim import Signer, SigningError
from gateway.relay.dkim_settings import DkimSettings
from gateway.relay.letter import Letter
from vault.address import header_addresses

LONGEST_HEADER = 512 * 1024  # bytes; what the door takes, and what was put before it
END = b"\r\n\r\n"
_FROM = re.compile(rb"(?:\A|\r\n)from[ \t]*:((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE)
_EMPTY = b"\r\n" * 4096

log = structlog.get_logger()


class Signing:
    """The signers of the domains that have a key."""

    def __init__(self, signers: Mapping[str, Signer]) -> None:
        self._signers = dict(signers)

    @classmethod
    def load(cls, settings: Iterable[DkimSettings]) -> Self | None:
        """Load the keys of the settings; None if there are none. Raises DkimKeyError."""
        signers = {one.domain: Signer.load(one.domain, one.selector, one.key) for one in settings}
        return cls(signers) if signers else None

    def signed(self, letter: Letter) -> Letter:
        """Return a letter with a signature before it, or as it is.

        Reads all of its content, so it belongs in a thread; raises what that raises.
        """
        if not callable(letter.chunks):
            return letter
        field = self._field(letter.chunks())
        if not field:
            return letter
        chunks = partial(_before, field, letter.chunks)
        return replace(letter, chunks=chunks, size=letter.size + len(field))

    def _field(self, content: Iterable[bytes]) -> bytes:
        """Return the DKIM-Signature field of a mail, nothing if its author has no key here."""
        source = iter(content)
        header, rest = _header(source)
        signer = self._signer(header)
        if signer is None:
            return b""
        try:
            return signer.field(header, _digest(chain([rest], source)))
        except (SigningError, MessageError) as error:
            log.warning("relay.not_signed", problem=type(error).__name__)
            return b""

    def _signer(self, header: bytes) -> Signer | None:
        """Return who signs for the one author of a mail (a mail of several has no one to go by)."""
        fields = _FROM.findall(header)
        if len(fields) != 1:
            return None
        authors = header_addresses(fields[0].decode("utf-8", "replace").replace("\r\n", ""))
        return self._signers.get(authors[0][1].domain) if len(authors) == 1 else None


def _before(field: bytes, content: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
    return chain([field], content())


def _header(source: Iterator[bytes]) -> tuple[bytes, bytes]:
    """Return the header with its last line end, and what came of the body with it."""
    gathered = bytearray()
    for chunk in source:
        start = max(0, len(gathered) - len(END))
        gathered += chunk
        end = gathered.find(END, start)
        if end >= 0:
            return bytes(gathered[: end + 2]), bytes(gathered[end + len(END) :])
        if len(gathered) > LONGEST_HEADER:
            return b"", b""
    return bytes(gathered), b""


def _digest(body: Iterable[bytes]) -> bytes:
    """Return the hash of a body in the simple form: empty lines at its end count as none.

    RFC 6376 section 3.4.3. The content has CR and LF only as CRLF, or it is not sent.
    """
    digest, held = Hash(SHA256()), 0  # bytes of line ends that may be the last of the body
    for chunk in body:
        kept = chunk.rstrip(b"\r\n")
        if kept:
            for _ in range(held // len(_EMPTY)):
                digest.update(_EMPTY)
            digest.update(_EMPTY[: held % len(_EMPTY)])
            digest.update(kept)
            held = 0
        held += len(chunk) - len(kept)
    digest.update(b"\r\n")
    return digest.finalize()
