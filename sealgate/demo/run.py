"""Runs the demo: makes a throw-away node, starts it, sends the samples, tells what happened.

Promises that everything listens on loopback only, and that its folder is gone when it ends.
Must never use a key, a password or a certificate that exists outside that folder.
"""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from rich.console import Console

from gateway.settings import SmtpSettings
from gateway.smtp.listener import Listener, addresses
from sealgate.demo import node, sending, telling
from sealgate.demo.mailroom import MailRoom
from sealgate.demo.page import make_page
from sealgate.demo.ports import LOOPBACK, Ports, choose_ports
from sealgate.demo.samples import samples
from sealgate.demo.serving import Serving
from vault.contents import ContentFolder

ROLES = ("smtp", "deliver", "web")
START_WITHIN = 60.0  # seconds; a slow machine compiles Python files on the first start


async def run(console: Console) -> None:
    """Run the demo until Ctrl-C. Raises DemoError if it does not come up."""
    ports = choose_ports()
    with tempfile.TemporaryDirectory(prefix="sealgate-demo-") as name:
        folder = Path(name)
        console.print("Making keys, a certificate and a policy for this demo …")
        made = await asyncio.to_thread(node.make, folder, ports)
        room = MailRoom(ContentFolder(folder / "mailroom"))
        async with _mail_room(room, made):
            await _run_node(made, console)
    console.print("Stopped. Its data is removed.")


@asynccontextmanager
async def _mail_room(room: MailRoom, made: node.Node) -> AsyncIterator[None]:
    """Keep the mail room's SMTP port and its page open for as long as the block lasts."""
    smtp = _room_settings(made.ports)
    listener = Listener.of(smtp, room)
    await listener.start(addresses(smtp))
    runner = web.AppRunner(make_page(room, made.reader_url), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, made.ports.room_page).start()
    try:
        yield
    finally:
        await runner.cleanup()
        await listener.stop(grace=2)


def _room_settings(ports: Ports) -> SmtpSettings:
    return SmtpSettings.model_validate(
        {
            "starttls": "",
            "tls": "",
            "trusted": f"{LOOPBACK}:{ports.room_smtp}",
            "trusted_networks": ["127.0.0.0/8"],
            "hostname": "localhost",
            "processes": 1,
        }
    )


async def _run_node(made: node.Node, console: Console) -> None:
    """Serve until Ctrl-C, or until the node ends by itself."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with Serving(made.config) as serving:
        console.print("Starting the gateway, the deliverer and the reader site …")
        if not await _unless(stopped, serving.up(ROLES, START_WITHIN)):
            return
        console.print("Sending the sample mails …")
        outcomes = await asyncio.to_thread(sending.send_all, made, samples())
        telling.tell(console, made, outcomes)
        await _unless(stopped, serving.ended())


async def _unless(stopped: asyncio.Event, act: Coroutine[Any, Any, None]) -> bool:
    """Wait for something, but not beyond the word to stop; False if that came first."""
    acting, stopping = asyncio.create_task(act), asyncio.create_task(stopped.wait())
    await asyncio.wait({acting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if acting.done():
        acting.result()
        return True
    acting.cancel()
    return False
