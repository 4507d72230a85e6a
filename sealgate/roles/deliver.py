"""The process that sends what the outbox holds. It opens queued mail, and no package.

The first of them keeps house: it also signs the audit trail.
"""

import asyncio
import socket
from contextlib import closing
from functools import partial

from gateway.delivery.deliverer import Deliverer
from gateway.delivery.desk import Desk, make_signer
from gateway.housekeeping import Housekeeper
from sealgate.identity import node_of
from sealgate.lifeline import Stopping, say_ready
from sealgate.rekeying import Rekeying
from sealgate.roles.outward import outward
from sealgate.settings import Settings
from sealgate.trail import witnesses
from sealgate.trail.sealing import TrailSealer, key_for
from sealgate.waiting import Seats
from vault import keys
from vault.keys.place import KeyPlace
from vault.storage.store import Store


async def run(settings: Settings) -> None:
    """Send what the outbox holds, and keep house."""
    stopping = Stopping()
    seats = Seats(settings.vault.folder, "deliver", settings.delivery.processes)
    with closing(seats):
        if seat := await seats.wait(stopping):
            await _deliver(stopping, settings, seat)


async def _deliver(stopping: Stopping, settings: Settings, seat: int) -> None:
    """Deliver from one seat; who has the first keeps house, one of all nodes at a time."""
    folder, store = settings.keys_folder, Store(settings.vault, checkpoints=seat == 1)
    sender = outward(settings, store)
    desk = Desk(
        store=store,
        relay_keys=keys.load_relay(folder, settings.keys),
        sealing_keys=keys.load_sealing(folder, settings.keys),
        organisation=settings.organisation,
        relay=sender,
        notices=settings.notices,
        delivery=settings.delivery,
        signer=make_signer(settings.notices),
        bounces=settings.bounces,
        hostname=settings.smtp.hostname,
    )
    with closing(desk.store):
        deliverer = Deliverer(desk, _name(settings, seat), seat=seat)
        rekeying = Rekeying(
            *(store, KeyPlace(folder, settings.keys), "relay"),
            *(desk.relay_keys.relay, desk.sealing_keys.relay),
        )
        rekeyed = rekeying.begin() if seat == 1 else None
        workers: list[Deliverer | Housekeeper | TrailSealer] = [deliverer]
        if seat == 1:
            workers += [_housekeeper(desk, settings), _trail_sealer(settings, store)]
        running = [asyncio.create_task(worker.run()) for worker in workers]
        say_ready("deliver", {})
        await stopping.wait()
        if rekeyed is not None:
            await rekeyed()
        for worker in workers:
            worker.stop()
        await asyncio.gather(*running)
        await sender.close()


def _housekeeper(desk: Desk, settings: Settings) -> Housekeeper:
    return Housekeeper(
        desk.store,
        desk.sealing_keys,
        organisation=settings.organisation.name,
        notices=settings.notices,
        keys_folder=settings.keys_folder,
        key_settings=settings.keys,
    )


def _trail_sealer(settings: Settings, store: Store) -> TrailSealer:
    key = partial(key_for, settings.keys_folder, settings.keys, store)
    return TrailSealer(
        store, key, settings.audit, witnesses.of(settings.audit, settings.smtp.hostname)
    )


def _name(settings: Settings, seat: int) -> str:
    """Return the name under which mail is claimed: no other node's, where there are others."""
    if not settings.vault.is_postgresql:
        return ""
    return f"deliver-{seat}@{socket.gethostname()}:{node_of(settings.vault.folder)}"
