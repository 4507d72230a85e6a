"""A next hop for tests: scripted, and it remembers every byte of DATA.

It is an SMTP server on bare asyncio, so that no library tidies up what the client under test sent.
End of data is `<CRLF>.<CRLF>` and nothing else; a smuggled mail would show up as a second one.

    async with Sink() as sink:                      # 127.0.0.1, a free port: sink.port
        sink.script.recipients["a@b.org"] = "550 5.1.1 No such user"
        sink.script.answers["dot"] = ["451 4.3.0 Not now"]     # once; then the normal answer
        ...
        (mail,) = sink.mails
        assert mail.content == original             # un-dot-stuffed; mail.raw is what was sent
"""

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

STAGES = ("greeting", "ehlo", "helo", "starttls", "auth", "mail", "rcpt", "data", "dot", "quit")
END = b"\r\n.\r\n"


@dataclass(frozen=True)
class Caught:
    """One mail as it arrived."""

    sender: str  # the reverse path without angle brackets
    mail_line: str  # the whole MAIL command
    recipients: tuple[str, ...]  # those answered 2yz
    raw: bytes  # dot-stuffed, with the final dot line
    content: bytes  # what a server would store
    tls: bool
    login: str
    answer: str  # what it was answered

    @property
    def header(self) -> bytes:
        return self.content.partition(b"\r\n\r\n")[0] + b"\r\n"

    @property
    def body(self) -> bytes:
        return self.content.partition(b"\r\n\r\n")[2]


@dataclass
class Script:
    """What the sink does. Change it at any time; it is read when the moment comes.

    `answers[stage]`: one text for ever, or a list that is used up first. `recipients[address]`:
    the same for RCPT. `stall` and `drop`: stages at which it says nothing more, or hangs up
    instead of answering. `delay`: seconds it thinks at a stage. `drop_after`: bytes of content
    after which it hangs up. `swallow`: it takes a mail and hangs up without saying so.
    """

    extensions: list[str] = field(
        default_factory=lambda: ["PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES"]
    )
    answers: dict[str, str | bytes | list[str]] = field(default_factory=dict)
    recipients: dict[str, str | list[str]] = field(default_factory=dict)
    stall: set[str] = field(default_factory=set)
    drop: set[str] = field(default_factory=set)
    delay: dict[str, float] = field(default_factory=dict)
    drip: dict[str, float] = field(default_factory=dict)  # seconds for seven bytes of an answer
    drop_after: int | None = None
    swallow: bool = False
    users: dict[str, str] = field(default_factory=dict)  # login -> password; offers AUTH
    mechanisms: str = "PLAIN LOGIN"
    injected: bytes = b""  # sent in one segment with the 220 to STARTTLS


class _HangUpError(Exception):
    pass


class Sink:
    """The server. `mails` holds what was answered 2yz; `refused` what was answered otherwise."""

    def __init__(
        self,
        script: Script | None = None,
        tls: ssl.SSLContext | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._host = host
        self.script = script or Script()
        self.mails: list[Caught] = []
        self.refused: list[Caught] = []
        self.commands: list[str] = []  # every command line, AUTH included
        self.port = port
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self._tls = tls
        self._changed = asyncio.Condition()
        self._talks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, self._host, self.port, limit=1 << 16
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def shut(self) -> None:
        """Be down: nobody listens at the port until `reopen`."""
        self._server.close()
        await self._server.wait_closed()

    async def reopen(self) -> None:
        """Be there again, at the same port."""
        self._server = await asyncio.start_server(
            self._accept, self._host, self.port, limit=1 << 16
        )

    async def say_to_all(self, data: bytes) -> None:
        """Say something to every client, unasked, and let it arrive."""
        for writer in self._writers:
            writer.write(data)
        await asyncio.sleep(0.02)

    async def hang_up(self) -> None:
        """Close every connection, and let the clients notice."""
        for talk in tuple(self._talks):
            talk.cancel()
        await asyncio.sleep(0.02)

    async def __aexit__(self, *why: object) -> None:
        self._server.close()
        for talk in tuple(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()
        for _ in range(3):
            await asyncio.sleep(0)  # lets aborted transports close their sockets

    async def wait_for(self, count: int, seconds: float = 60.0) -> list[Caught]:
        """Wait until `count` mails were taken, and return all."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: len(self.mails) >= count)
        return self.mails

    async def caught(self, mail: Caught) -> None:
        (self.mails if mail.answer.startswith("2") else self.refused).append(mail)
        async with self._changed:
            self._changed.notify_all()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        talk = _Talk(self, reader, writer, self._tls)
        self._writers.add(writer)
        try:
            with contextlib.suppress(_HangUpError, OSError, asyncio.IncompleteReadError):
                await talk.run()
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            self.open_now -= 1
            self._talks.discard(task)
            self._writers.discard(writer)
            talk.writer.transport.abort()


class _Talk:
    """One connection."""

    def __init__(
        self,
        sink: Sink,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.sink, self.reader, self.writer, self.tls = sink, reader, writer, tls
        self.script = sink.script
        self.secured = False
        self.login = ""
        self.mail_line = ""
        self.accepted: list[str] = []

    async def say(self, text: str | bytes, drip: float | None = None) -> None:
        data = text if isinstance(text, bytes) else text.encode("utf-8") + b"\r\n"
        size = len(data) if drip is None else 7
        for at in range(0, len(data), size):
            self.writer.write(data[at : at + size])
            await self.writer.drain()
            await asyncio.sleep(drip or 0)

    async def scripted(self, stage: str, normal: str) -> str | bytes:
        if stage in self.script.stall:
            await asyncio.Event().wait()
        await asyncio.sleep(self.script.delay.get(stage, 0))
        if stage in self.script.drop:
            raise _HangUpError
        return _next(self.script.answers, stage, normal)

    async def answer(self, stage: str, normal: str) -> str:
        text = await self.scripted(stage, normal)
        await self.say(text, self.script.drip.get(stage))
        return text if isinstance(text, str) else text.decode("utf-8", "replace")

    async def run(self) -> None:
        await self.answer("greeting", "220 sink.example ESMTP")
        while line := await self.reader.readline():
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            self.sink.commands.append(text)
            verb = text.split(" ", 1)[0].upper()
            method = getattr(self, f"do_{verb.lower()}", None)
            if method is None:
                await self.say("502 5.5.2 What?")
            else:
                await method(text)

    async def do_ehlo(self, line: str) -> None:
        offers = list(self.script.extensions)
        if self.tls is not None and not self.secured:
            offers.append("STARTTLS")
        if self.script.users:
            offers.append(f"AUTH {self.script.mechanisms}")
        lines = ["sink.example", *offers]
        normal = "\r\n".join(f"250-{one}" for one in lines[:-1])
        await self.answer("ehlo", f"{normal}\r\n250 {lines[-1]}".lstrip())

    async def do_helo(self, line: str) -> None:
        await self.answer("helo", "250 sink.example")

    async def do_starttls(self, line: str) -> None:
        reply = await self.scripted("starttls", "220 2.0.0 Go ahead")
        text = reply if isinstance(reply, bytes) else reply.encode() + b"\r\n"
        await self.say(text + self.script.injected)
        if text.startswith(b"220") and self.tls is not None:
            await self.writer.start_tls(self.tls)
            self.secured = True

    async def do_auth(self, line: str) -> None:
        words = line.split(" ")
        if words[1].upper() == "PLAIN":
            _, user, password = base64.b64decode(words[2]).decode().split("\0")
        else:
            user = await self._ask("334 VXNlcm5hbWU6")
            password = await self._ask("334 UGFzc3dvcmQ6")
        right = self.script.users.get(user) == password
        reply = await self.answer(
            "auth", "235 2.7.0 Welcome" if right else "535 5.7.8 Wrong login or password"
        )
        self.login = user if reply.startswith("235") else ""

    async def _ask(self, prompt: str) -> str:
        await self.say(prompt)
        line = await self.reader.readline()
        return base64.b64decode(line).decode()

    async def do_mail(self, line: str) -> None:
        reply = await self.answer("mail", "250 2.1.0 OK")
        self.mail_line = line if reply.startswith("2") else ""
        self.accepted = []

    async def do_rcpt(self, line: str) -> None:
        found = re.search("<(.*)>", line)
        address = found[1] if found else ""
        if not self.mail_line:
            await self.say("503 5.5.1 MAIL first")
            return
        normal = _next(self.script.recipients, address, "250 2.1.5 OK")
        reply = await self.answer("rcpt", str(normal))
        if reply.startswith("2"):
            self.accepted.append(address)

    async def do_data(self, line: str) -> None:
        if not self.accepted:
            await self.answer("data", "503 5.5.1 No valid recipients")
            return
        reply = await self.answer("data", "354 Go ahead")
        if not reply.startswith("354"):
            return
        raw = await self._read_data()
        normal = "250 2.0.0 Taken"
        text = await self.scripted("dot", normal)
        words = text if isinstance(text, str) else text.decode("utf-8", "replace")
        await self.sink.caught(self._mail(raw, words))
        if self.script.swallow:
            raise _HangUpError
        await self.say(text, self.script.drip.get("dot"))
        self.mail_line = ""

    async def _read_data(self) -> bytes:
        raw = bytearray(b"\r\n")  # so that a dot in the very first line ends an empty mail
        limit = self.script.drop_after
        while not raw.endswith(END):
            # A line at a time: nothing after the end of data may be swallowed.
            try:
                raw += await self.reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                raw += await self.reader.readexactly(error.consumed)
            if limit is not None and len(raw) - 2 >= limit:
                raise _HangUpError
        return bytes(raw[2:])

    def _mail(self, raw: bytes, answer: str) -> Caught:
        found = re.search("<(.*?)>", self.mail_line)
        stuffed = b"\r\n" + raw
        return Caught(
            sender=found[1] if found else "",
            mail_line=self.mail_line,
            recipients=tuple(self.accepted),
            raw=raw,
            content=stuffed[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n")[2:],
            tls=self.secured,
            login=self.login,
            answer=answer,
        )

    async def do_rset(self, line: str) -> None:
        self.mail_line = ""
        await self.say("250 2.0.0 OK")

    async def do_noop(self, line: str) -> None:
        await self.say("250 2.0.0 OK")

    async def do_quit(self, line: str) -> None:
        await self.answer("quit", "221 2.0.0 Bye")
        raise _HangUpError


def _next(table: Mapping[str, object], key: str, normal: str) -> str | bytes:
    chosen = table.get(key, normal)
    if isinstance(chosen, list):
        return str(chosen.pop(0)) if chosen else normal
    assert isinstance(chosen, str | bytes)
    return chosen
