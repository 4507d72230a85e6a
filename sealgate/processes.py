"""The processes of a node, of three kinds: each builds its rooms and runs until it is stopped.

Promises that each loads only the key halves its work needs, and that what cannot work is said
before anything listens.
Must never hold logic of its own: it connects rooms.
"""

import asyncio
import signal
import ssl
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass

from gateway.deliverer import Deliverer
from gateway.desk import Desk, make_signer
from gateway.errors import NotInstalledError
from gateway.pipeline import Pipeline
from gateway.recorder import Recorder
from gateway.relay.dkim import DkimKeyError
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.signing import Signing
from gateway.returns import Returns
from gateway.scanners.panel import Panel
from gateway.smtp.handler import Handler
from gateway.smtp.listener import Listener, addresses
from gateway.workers import Workers
from policies.engine import Policy
from policies.errors import PolicyError
from policies.extraction.pool import ExtractionPool
from sealgate import certificate, ruling, signing_in
from sealgate.governing import Governed, Governing
from sealgate.lifeline import Stopping, say_ready
from sealgate.scanning import SiteScan
from sealgate.settings import Settings
from sealgate.waiting import Seats, await_free, take
from vault import keys, opening
from vault.errors import KeyUnusable, SchemaMismatch, StoreUnavailable
from vault.history import Past
from vault.keys import SealingKeys
from vault.store import Store
from webreader import listen
from webreader.site import Site

STOP_WITHIN = 25.0  # seconds for mail in hand; the supervisor kills after 30


class CannotStart(Exception):
    """Something that a person must mend first; the text says what."""


class NotNow(Exception):
    """Something that may pass by itself, such as a full disk; the text says what."""


async def run(role: str, settings: Settings) -> None:
    """Run one process until it is told to stop. Raises CannotStart, NotNow."""
    runs: dict[str, Callable[[Settings], Awaitable[None]]] = {
        "smtp": run_smtp,
        "deliver": run_deliver,
        "web": run_web,
    }
    _check_certificates(settings)
    try:
        await runs[role](settings)
    except (DkimKeyError, KeyUnusable, NotInstalledError, SchemaMismatch, PolicyError) as error:
        raise CannotStart(str(error)) from error
    except StoreUnavailable as error:
        raise NotNow(_unavailable(settings)) from error
    except (ssl.SSLError, OSError) as error:
        raise CannotStart(f"{role}: {_reason(error)}") from error


def check(settings: Settings) -> None:
    """Find what would stop every process, before any is started. Raises CannotStart, NotNow."""
    _check_certificates(settings)
    try:
        signing_in.check(settings)
        ruling.load(settings)
        keys.load_sealing(settings.keys_folder)
        keys.load_relay(settings.keys_folder)
        opening.load_opening(settings.keys_folder)
        Store(settings.vault).close()
    except StoreUnavailable as error:
        raise NotNow(_unavailable(settings)) from error
    except (KeyUnusable, NotInstalledError, SchemaMismatch, PolicyError) as error:
        raise CannotStart(str(error)) from error


def roles(settings: Settings) -> tuple[str, ...]:
    """Return the role of every process of a node."""
    deliverers = ["deliver"] * settings.delivery.processes
    return (*["smtp"] * settings.smtp.sharing, *deliverers, "web")


def await_ports(settings: Settings) -> None:
    """Wait for the ports that several processes will share. Raises CannotStart."""
    if settings.smtp.sharing == 1:
        return
    try:
        await_free(addresses(settings.smtp).values())
    except OSError as error:
        raise CannotStart(f"smtp: {_reason(error)}") from error


def _check_certificates(settings: Settings) -> None:
    """Name the file at fault: what the TLS library raises names none."""
    for section in (settings.smtp, settings.web):
        if section.tls_certificate and section.tls_key:
            why = certificate.unusable(section.tls_certificate, section.tls_key)
            if why:
                raise CannotStart(why)


async def run_smtp(settings: Settings) -> None:
    """Take mail in."""
    stopping = Stopping()
    sealing = keys.load_sealing(settings.keys_folder)
    store = Store(settings.vault)
    governing = Governing(settings, store, sealing)
    share = settings.smtp.extraction_processes // settings.smtp.sharing
    extraction = ExtractionPool(max(1, share))
    with ExitStack() as stack:
        recorder = Recorder(store, sealing)
        panel = Panel(settings.scanners) if settings.scanners else None
        for one in (store, recorder, extraction, panel):  # the store is closed last
            if one is not None:
                stack.callback(one.close)
        workers = stack.enter_context(closing(Workers(settings.smtp.workers)))
        policy = governing.begin()
        if policy.reads_inside:
            await workers.call(extraction.warm)
        sender = _sender(settings)
        authenticator = signing_in.authenticator(settings, store, workers)
        pipeline = Pipeline(
            store,
            sealing,
            policy,
            organisation=settings.organisation,
            relay=sender,
            hostname=settings.smtp.hostname,
            workers=workers,
            patience=settings.smtp.relay_seconds,
            extraction=extraction,
            recorder=recorder,
            panel=panel,
            authenticator=authenticator,
        )
        handler = _with_returns(settings, pipeline, store, sealing, workers)
        listener = await take(stopping, lambda: _open_doors(settings, handler))
        if listener is None:
            return
        try:
            watching = _watch(governing, pipeline)
            bound = {kind.value: f"{host}:{port}" for kind, (host, port) in listener.bound.items()}
            say_ready("smtp", bound)
            await stopping.wait()
            await watching()
        finally:
            await listener.stop(STOP_WITHIN)
            await sender.close()
            await authenticator.close()


@dataclass(slots=True)
class InForce:
    """The policy that the reader site goes by."""

    policy: Policy


def _watch(governing: Governing, governed: Governed) -> Callable[[], Awaitable[None]]:
    """Begin to watch the policy, also on SIGHUP; returns how to end it."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, governing.look_again)
    running = asyncio.create_task(governing.watch(governed))

    async def end() -> None:
        governing.stop()
        await running

    return end


async def run_deliver(settings: Settings) -> None:
    """Send what the outbox holds, and keep house."""
    stopping = Stopping()
    seats = Seats(settings.vault.folder, "deliver", settings.delivery.processes)
    with closing(seats):
        if seat := await seats.wait(stopping):
            await _deliver(stopping, settings, seat)


async def _deliver(stopping: Stopping, settings: Settings, seat: int) -> None:
    """Deliver from one seat; who has the first keeps house for all."""
    folder, sender = settings.keys_folder, _sender(settings)
    desk = Desk(
        store=Store(settings.vault, checkpoints=seat == 1),
        relay_keys=keys.load_relay(folder),
        sealing_keys=keys.load_sealing(folder),
        organisation=settings.organisation,
        relay=sender,
        notices=settings.notices,
        delivery=settings.delivery,
        signer=make_signer(settings.notices),
        bounces=settings.bounces,
        hostname=settings.smtp.hostname,
    )
    with closing(desk.store):
        deliverer = Deliverer(desk, seat=seat)
        running = asyncio.create_task(deliverer.run())
        say_ready("deliver", {})
        await stopping.wait()
        deliverer.stop()
        await running
        await sender.close()


async def run_web(settings: Settings) -> None:
    """Serve the reader site."""
    stopping = Stopping()
    folder = settings.keys_folder
    store, sealing = Store(settings.vault), keys.load_sealing(folder)
    governing = Governing(settings, store, sealing)
    in_force = InForce(governing.begin())
    extraction = ExtractionPool(settings.smtp.extraction_processes)
    panel = Panel(settings.scanners)
    site = Site(
        store=store,
        opening=opening.load_opening(folder),
        sealing=sealing,
        secret=keys.load_web_secret(folder),
        organisation=settings.organisation,
        settings=settings.web,
        rules=lambda: in_force.policy,
        extraction=extraction,
        knowledge=Past(store),
        scan=SiteScan(panel) if settings.scanners else None,
        hostname=settings.smtp.hostname,
    )
    with closing(site.store), closing(extraction), closing(panel):
        opened = await take(stopping, lambda: _open_site(site))
        if opened is None:
            return
        listener, port = opened
        try:
            watching = _watch(governing, in_force)
            say_ready("web", {"web": f"{settings.web.host}:{port}"})
            await stopping.wait()
            await watching()
        finally:
            await listener.stop()


def _sender(settings: Settings) -> Sender:
    signing = Signing.load(settings.dkim.values())
    return Sender(Routes(settings.next_hop, settings.routes), settings.dns, signing=signing)


def _with_returns(
    settings: Settings, pipeline: Pipeline, store: Store, sealing: SealingKeys, workers: Workers
) -> Handler:
    """Put what receives our bounces before the pipeline, if any are to come."""
    if settings.bounces.base is None:
        return pipeline
    return Returns(
        pipeline,
        store,
        sealing,
        workers=workers,
        settings=settings.bounces,
        sender=settings.notices.sender_address,
        hostname=settings.smtp.hostname,
    )


async def _open_doors(settings: Settings, handler: Handler) -> Listener:
    mechanisms = signing_in.mechanisms(settings)
    listener = Listener.of(settings.smtp, handler, mechanisms=mechanisms)
    await listener.start(addresses(settings.smtp))
    return listener


async def _open_site(site: Site) -> tuple[listen.Listener, int]:
    listener = listen.Listener(site)
    try:
        return listener, await listener.start()
    except BaseException:
        await listener.stop()
        raise


def _unavailable(settings: Settings) -> str:
    return (
        f"The database or the data folder {settings.vault.folder} cannot be used now. "
        "Is the disk full, read-only or not mounted, or does another program hold the database?"
    )


def _reason(error: OSError) -> str:
    """Say what an operating system error means for the administrator."""
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or type(error).__name__}{where}."
