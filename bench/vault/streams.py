"""Sealing and opening a long stream, beside what the processor can do with AES-256-GCM."""

import io
import subprocess
from collections.abc import Callable

from bench.vault.rounds import line, seconds, turns
from vault import identifier
from vault.contents.stream import KEY_SIZE, PartId, StreamWriter, read_stream
from vault.secrets import Secret

MIB = 1 << 20
SIZE = 1 << 30  # bytes
PIECE = bytes(MIB)  # what arrives at a time
_SECONDS = "2"


def measure() -> list[str]:
    """Give the rows."""
    key, part = Secret.random(KEY_SIZE), PartId(identifier.draw(), 0)
    sealed = io.BytesIO()
    _seal(sealed.write, key, part)
    raw, sealing, opening = turns(
        [
            _openssl,
            lambda: SIZE / MIB / seconds(lambda: _seal(len, key, part)),
            lambda: SIZE / MIB / seconds(lambda: _open(sealed, key, part)),
        ]
    )
    return [
        line("seal a stream of 1 GiB", "MB/s", sealing, raw, "openssl"),
        line("open it", "MB/s", opening, raw, "openssl"),
    ]


def _seal(sink: Callable[[bytes], object], key: Secret, part: PartId) -> None:
    writer = StreamWriter(sink, key, part)
    for _ in range(SIZE // MIB):
        writer.write(PIECE)
    writer.finish()


def _open(sealed: io.BytesIO, key: Secret, part: PartId) -> None:
    sealed.seek(0)
    for _piece in read_stream(sealed.read, key, part):
        pass


def _openssl() -> float:
    """Return what `openssl speed` reaches in pieces of a mebibyte, in MiB a second."""
    words = ["-seconds", _SECONDS, "-bytes", str(MIB), "-evp", "aes-256-gcm"]
    done = subprocess.run(["openssl", "speed", *words], capture_output=True, text=True, check=True)
    last = done.stdout.strip().splitlines()[-1]  # AES-256-GCM    4483562.37k
    return float(last.split()[-1].removesuffix("k")) * 1000 / MIB
