"""What faults are tried on: the real door or the real deliverer, in a process of its own.

    python -m tests.faults.subject        # then one JSON line an order on standard input

Everything is imported once; each order forks a process that opens a data folder, says on standard
output who it is and where it listens, and works until it is killed. `broken` makes it break one
promise on purpose: what the proofs look for must be seen when it is there.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from gateway.delivery.deliverer import Deliverer
from gateway.delivery.desk import Desk
from gateway.notices.settings import NoticeSettings
from gateway.pipeline.pipeline import Pipeline
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings
from gateway.relay.trying import DeliverySettings
from gateway.settings import SmtpSettings
from gateway.smtp.limits import Limits
from gateway.smtp.listener import Listener, addresses
from gateway.smtp.premises import Kind
from gateway.smtp.replies import Reply
from gateway.workers import Workers
from policies.language.loader import load_text
from policies.settings import OrganisationSettings
from sealgate import logs
from vault import keys
from vault.clock import utc_now
from vault.contents import folder as local
from vault.contents.shelves import Shelves
from vault.contents.spool import Spool
from vault.errors import StoreUnavailable
from vault.settings import VaultSettings
from vault.storage.store import Store

DOMAIN = "council.example"
POLICY = """
version: 1
rules:
  - name: marked
    when: {direction: external, flag: any}
    then: seal
"""


class Hasty(Pipeline):
    """Says 250 before anything is kept."""

    async def _seal(self, mail: Any, spool: Any) -> Reply:
        late = asyncio.get_running_loop().create_task(self._later(mail, spool))
        self._late = late
        return Reply(250, "2.0.0", "Sealed AAAA-AAAA")

    async def _later(self, mail: Any, spool: Any) -> None:
        await asyncio.sleep(0.05)


class Rude(Pipeline):
    """Gives up for good where trying again would help, and says why in Python's words."""

    async def commit(self, session: Any, spool: Any) -> Reply:
        try:
            return await super().commit(session, spool)
        except (StoreUnavailable, OSError) as error:
            return Reply(554, "5.3.0", f"Error: ({type(error).__name__})")


class Careless(Pipeline):
    """Says that all is well when it was not."""

    async def commit(self, session: Any, spool: Any) -> Reply:
        try:
            return await super().commit(session, spool)
        except (StoreUnavailable, OSError):
            return Reply(250, "2.0.0", "Sealed AAAA-AAAA")


DOORS = {"": Pipeline, "hasty": Hasty, "rude": Rude, "careless": Careless}


async def door(order: dict[str, Any]) -> None:
    """Take mail in, until killed."""
    folder = Path(order["folder"])
    settings = SmtpSettings.model_validate(
        {
            "starttls": "",
            "tls": "",
            "trusted": "127.0.0.1:0",
            "trusted_networks": ["127.0.0.0/8"],
            "hostname": f"gate.{DOMAIN}",
            **order.get("smtp", {}),
        }
    )
    workers = Workers(2)
    pipeline = DOORS.get(order.get("broken", ""), Pipeline)(
        Store(VaultSettings(folder=folder), checkpoints=True),
        keys.load_sealing(folder / "keys"),
        load_text(POLICY),
        organisation=OrganisationSettings(domains=[DOMAIN]),
        relay=_relay(order),
        hostname=settings.hostname,
        workers=workers,
        patience=20,
    )
    limits = Limits(greeting_pause=0) if "smtp" not in order else None
    listener = Listener.of(settings, pipeline, limits)
    await listener.start(addresses(settings))
    _say(port=listener.bound[Kind.TRUSTED][1])
    await asyncio.Event().wait()


async def deliver(order: dict[str, Any]) -> None:
    """Send what waits, from SIGUSR1 until killed."""
    folder, begin = Path(order["folder"]), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, begin.set)
    desk = Desk(
        store=Store(VaultSettings(folder=folder), checkpoints=True, clock=utc_now),
        relay_keys=keys.load_relay(folder / "keys"),
        sealing_keys=keys.load_sealing(folder / "keys"),
        organisation=OrganisationSettings(
            name="Council", domains=[DOMAIN], public_url="https://localhost:8443"
        ),
        relay=_relay(order),
        notices=NoticeSettings.model_validate({"sender": f"secure@{DOMAIN}"}),
        delivery=DeliverySettings.model_validate({"lease": 5, "poll": 0.05, "first_retry": 0.1}),
    )
    _say(port=0)
    await begin.wait()
    await Deliverer(desk, "subject").run()


def _relay(order: dict[str, Any]) -> Sender:
    hop = NextHopSettings.model_validate({"port": order["sink"], "tls": "none", "hello": "gate.x"})
    return Sender(Routes(hop, {}))


def _say(**facts: object) -> None:
    os.write(1, json.dumps({"pid": os.getpid(), **facts}).encode() + b"\n")


def _break(what: str) -> None:
    """Leave a flush out: only a power cut can show it."""
    if what == "no flush":
        os.fsync = lambda _: None
    if what == "plain":
        _leave_plaintext()
    if what == "no folder flush":
        local._flush_folder = lambda _: None


def _beside(spool: Spool) -> Path:
    """Where the clear copy of a mail stands while it comes in."""
    contents = spool._contents
    assert isinstance(contents, Shelves)
    return contents.folder._folder / "tmp" / f"{spool.id}.txt"


def _leave_plaintext() -> None:
    """Keep a clear copy of every mail while it comes in, and remove it at the end."""
    write, finish = Spool.write, Spool.finish

    def writing(spool: Spool, data: Any) -> None:
        with _beside(spool).open("ab", 0) as file:
            file.write(data)
        write(spool, data)

    def finishing(spool: Spool) -> None:
        _beside(spool).unlink()
        finish(spool)

    Spool.write, Spool.finish = writing, finishing


def live(order: dict[str, Any]) -> None:
    """Be the process that an order asks for; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(Path(order["folder"]) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 2)
    logs.configure("subject")
    if "files" in order:
        resource.setrlimit(resource.RLIMIT_NOFILE, (order["files"], order["files"]))
    _break(order.get("broken", ""))
    roles = {"door": door, "deliver": deliver}
    asyncio.run(roles[order["role"]](order))
    os._exit(0)


def main() -> None:
    """Fork once for each line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    gc.freeze()
    for line in sys.stdin:
        if os.fork() == 0:
            try:
                os.close(0)
                live(json.loads(line))
            except BaseException as error:  # noqa: BLE001 - nothing may go on in the fork
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
                os._exit(1)


if __name__ == "__main__":
    main()
