"""`python -m bench.relay.latency [--seconds N]`: what bad clients cost an honest one.

500 clients drip a mail a byte a second and twenty upload 60 MB mails, over and over, while one
client sends a small mail four times a second. Told are the waits of that client, from the
connection to the last answer, alone and in company.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from statistics import quantiles

from bench.relay.ground import ground
from bench.relay.work import MIB, RECIPIENT, SENDER

SLOW, UPLOADS = 500, 20
UPLOAD = 60 * MIB
PAUSE = 0.25
HEAD = f"From: {SENDER}\r\nTo: {RECIPIENT}\r\nSubject: Minutes of Tuesday\r\n\r\n".encode()
SMALL = HEAD + b"The minutes of Tuesday are on the shared drive.\r\n" * 80
LINES = b"The minutes of Tuesday are on the shared drive.\r\n" * 1300


async def begun(port: int, head: bytes = HEAD) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect and go as far as the content, of which `head` is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    for command in ("HELO bench", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "DATA"):
        writer.write(f"{command}\r\n".encode())
        await reader.readline()
    writer.write(head)
    return reader, writer


async def honest(port: int) -> float:
    """Send a small mail; return the seconds it took. Raises ValueError if it was not taken."""
    start = time.perf_counter()
    reader, writer = await begun(port, SMALL)
    writer.write(b".\r\n")
    if not (answer := await reader.readline()).startswith(b"250"):
        raise ValueError(answer.decode())
    writer.close()
    return time.perf_counter() - start


async def slow(port: int) -> None:
    """Drip."""
    _, writer = await begun(port)
    while True:
        writer.write(b"x")
        await asyncio.sleep(1)


async def upload(port: int) -> None:
    """Send a large mail and wait for the answer."""
    reader, writer = await begun(port)
    for _ in range(UPLOAD // len(LINES)):
        writer.write(LINES)
        await writer.drain()
    writer.write(b".\r\n")
    await reader.readline()
    writer.close()


async def forever(act: Callable[[int], Awaitable[None]], port: int) -> None:
    """Do something again and again, whatever the server does."""
    while True:
        with suppress(OSError):
            await act(port)
        await asyncio.sleep(PAUSE)


async def waits(port: int, seconds: float) -> list[float]:
    """Send honest mails for so long; return how long each took."""
    seen, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        seen.append(await honest(port))
        await asyncio.sleep(PAUSE)
    return seen


async def compare(port: int, seconds: float) -> None:
    """Measure alone and in company, and print."""
    tell("alone", await waits(port, seconds / 4))
    company = [asyncio.create_task(forever(slow, port)) for _ in range(SLOW)]
    company += [asyncio.create_task(forever(upload, port)) for _ in range(UPLOADS)]
    await asyncio.sleep(3)
    tell(f"beside {SLOW} slow clients and {UPLOADS} uploads", await waits(port, seconds))
    for task in company:
        task.cancel()
    await asyncio.gather(*company, return_exceptions=True)


def tell(name: str, seen: list[float]) -> None:
    """Print a line."""
    hundredths = quantiles(seen, n=100, method="inclusive")
    print(
        f"{name:<46} {len(seen)} mails  median {hundredths[49]:.3f} s  "
        f"p99 {hundredths[98]:.3f} s  longest {max(seen):.3f} s"
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.relay.latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=40)
    said = parser.parse_args()
    with ground() as here:
        asyncio.run(compare(here.peer.port, said.seconds))


if __name__ == "__main__":
    main()
