"""A raw SMTP client for tests: says exactly the bytes it is told, and dialogues written as text.

A dialogue has one step a line:

    > EHLO client.example         send this line and CRLF
    >> "\\n.\\r\\n"                 send these bytes: a Python string, latin-1, nothing added
    * 5000 "x"                    send such a string so many times
    W 0.1                         wait so many seconds
    < 250 2.1.0                   read one reply; it must begin with this
    <! AUTH                       the last reply must not contain this
    <? SIZE                       the last reply must contain this
    TLS                           start TLS on the client's side
    PLAIN login password          AUTH PLAIN with an initial response
    EOF                           half-close
    X                             the server must close, having said nothing more
    GONE                          the server must close, whatever it says
    = 2                           so many mails must have been taken by now
"""

import ast
import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

PATIENCE = 10.0


class Talk:
    """One connection to an SMTP server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.last = ""

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext | None = None, host: str = "") -> Self:
        reader, writer = await asyncio.open_connection(
            host or "127.0.0.1", port, ssl=tls, server_hostname="localhost" if tls else None
        )
        return cls(reader, writer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *why: object) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)

    async def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() + b"\r\n" if isinstance(data, str) else data)
        await self.writer.drain()

    async def reply(self, seconds: float = PATIENCE) -> str:
        """One whole reply, lines joined by newlines; empty when the server has closed."""
        lines: list[str] = []
        async with asyncio.timeout(seconds):
            while line := await self.reader.readline():
                assert line.endswith(b"\r\n"), line
                assert len(line) <= 512
                lines.append(line.decode("ascii").rstrip("\r\n"))
                if line[3:4] != b"-":
                    break
        self.last = "\n".join(lines)
        return self.last

    async def say(self, line: bytes | str, expected: str = "") -> str:
        await self.send(line)
        reply = await self.reply()
        assert reply.startswith(expected), f"{line!r} -> {reply!r}, not {expected!r}"
        return reply

    async def closed(self, seconds: float = PATIENCE) -> bytes:
        """Everything that still comes until the server closes."""
        async with asyncio.timeout(seconds):
            try:
                return await self.reader.read(-1)
            except (ConnectionError, ssl.SSLError):
                return b""

    async def start_tls(self, context: ssl.SSLContext) -> None:
        await self.writer.start_tls(context, server_hostname="localhost")

    async def sign_in(self, login: str, password: str, expected: str = "235") -> str:
        blob = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
        return await self.say(f"AUTH PLAIN {blob}", expected)

    async def mail(self, sender: str, *recipients: str, data: bytes) -> str:
        """A whole mail after EHLO; returns the final reply. `data` is already dot-stuffed."""
        await self.say(f"MAIL FROM:<{sender}>", "250")
        for one in recipients:
            await self.say(f"RCPT TO:<{one}>", "250")
        await self.say("DATA", "354")
        return await self.say(data + b"\r\n.\r\n")


def read_dialogues(path: Path, common: dict[str, list[str]] | None = None) -> dict[str, list[str]]:
    """Read `== name` sections; a line `@name` stands for the section of that name."""
    found: dict[str, list[str]] = {}
    _, *sections = path.read_text(encoding="ascii").split("\n== ")
    for section in sections:
        name, *lines = section.splitlines()
        known = {**(common or {}), **found}
        assert name not in found, f"two dialogues {name!r}"
        found[name] = []
        for line in filter(None, lines):
            found[name] += known[line[1:]] if line.startswith("@") else [line]
    return found


async def play(
    talk: Talk, steps: list[str], tls: ssl.SSLContext, taken: Callable[[], int] = lambda: 0
) -> None:
    """Play a dialogue."""
    player = _Player(talk, tls, taken)
    for step in steps:
        mark, _, text = step.partition(" ")
        try:
            await player.steps[mark](text)
        except AssertionError as error:
            raise AssertionError(f"at {step!r}, last reply {talk.last!r}: {error}") from error


class _Player:
    def __init__(self, talk: Talk, tls: ssl.SSLContext, taken: Callable[[], int]) -> None:
        self.talk, self.tls, self.taken = talk, tls, taken
        self.steps: dict[str, Callable[[str], Awaitable[None]]] = {
            ">": talk.send,
            ">>": self.raw,
            "*": self.repeat,
            "W": self.wait,
            "GONE": self.gone,
            "<": self.reply,
            "<!": self.lacks,
            "<?": self.has,
            "TLS": self.start_tls,
            "PLAIN": self.plain,
            "EOF": self.eof,
            "X": self.closed,
            "=": self.mails,
        }

    async def raw(self, text: str) -> None:
        await self.talk.send(str(ast.literal_eval(text)).encode("latin-1"))

    async def repeat(self, text: str) -> None:
        times, _, what = text.partition(" ")
        with contextlib.suppress(ConnectionError):  # what it said before it closed is read next
            await self.talk.send(str(ast.literal_eval(what)).encode("latin-1") * int(times))

    async def wait(self, text: str) -> None:
        await asyncio.sleep(float(text))

    async def gone(self, _: str) -> None:
        await self.talk.closed()

    async def reply(self, text: str) -> None:
        reply = await self.talk.reply()
        assert reply.startswith(text), reply
        if not re.match(r"(220|250|334|354)", reply):
            assert re.match(r"\d\d\d[ -]\d\.\d+\.\d+ \S+", reply), f"no reason: {reply!r}"

    async def lacks(self, text: str) -> None:
        assert text not in self.talk.last

    async def has(self, text: str) -> None:
        assert text in self.talk.last

    async def start_tls(self, _: str) -> None:
        await self.talk.start_tls(self.tls)

    async def plain(self, text: str) -> None:
        login, password = text.split(" ")
        blob = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
        await self.talk.send(f"AUTH PLAIN {blob}")

    async def eof(self, _: str) -> None:
        self.talk.writer.write_eof()

    async def closed(self, _: str) -> None:
        assert await self.talk.closed() == b""

    async def mails(self, text: str) -> None:
        assert self.taken() == int(text), f"{self.taken()} mails taken"
