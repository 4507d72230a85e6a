"""The bare proxy's program: `passing.py PORT NEXT`, with a connection onwards for each inwards.

Not part of Sealgate: it is what the libraries do when nothing is asked of them.
"""

import asyncio
import sys

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session


class Passing:
    """Hands each mail on before answering. One for each connection."""

    def __init__(self, port: int) -> None:
        self._onward = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Pass a mail on."""
        if not self._onward.is_connected:
            await self._onward.connect()
        content = envelope.original_content or b""
        await self._onward.sendmail(envelope.mail_from or "", envelope.rcpt_tos, content)
        return "250 2.0.0 Passed"

    def leave(self) -> None:
        """Hang up on the next hop, as the client has hung up."""
        self._onward.close()


class Door(SMTP):
    """A connection inwards; the one onwards ends with it."""

    def connection_lost(self, error: Exception | None) -> None:
        """Let go of both."""
        super().connection_lost(error)
        self.event_handler.leave()


async def main() -> None:
    """Serve until stopped."""
    port, after = map(int, sys.argv[1:])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Door(Passing(after), hostname="proxy", data_size_limit=128 << 20),
        "127.0.0.1",
        port,
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
