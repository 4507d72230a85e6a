"""The process that takes mail in. It holds sealing halves only."""

from contextlib import ExitStack, closing

from gateway.bounces.returns import Returns
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.recorder import Recorder
from gateway.scanners.panel import Panel
from gateway.smtp.handler import Handler
from gateway.smtp.listener import Listener, addresses
from gateway.workers import Workers
from policies.extraction.pool import ExtractionPool
from sealgate import signing_in
from sealgate.lifeline import Stopping, say_ready
from sealgate.policy.governing import Governing, watch
from sealgate.roles.outward import outward
from sealgate.settings import Settings
from sealgate.turns import Turns
from sealgate.waiting import take
from vault import keys
from vault.keys import SealingKeys
from vault.storage.store import Store

STOP_WITHIN = 25.0  # seconds for mail in hand; the supervisor kills after 30


async def run(settings: Settings) -> None:
    """Take mail in."""
    stopping = Stopping()
    sealing = keys.load_sealing(settings.keys_folder, settings.keys)
    store = Store(settings.vault)
    governing = Governing(settings, store, sealing)
    share = settings.smtp.extraction_processes // settings.smtp.sharing
    extraction = ExtractionPool(max(1, share), turn=Turns(settings.vault.folder, "large-mail"))
    with ExitStack() as stack:
        recorder = Recorder(store, sealing)
        panel = Panel(settings.scanners) if settings.scanners else None
        for one in (store, recorder, extraction, panel):  # the store is closed last
            if one is not None:
                stack.callback(one.close)
        workers = stack.enter_context(closing(Workers(settings.smtp.workers)))
        policy = governing.begin()
        sender = outward(settings, store)
        authenticator = signing_in.authenticator(settings, store, sealing, workers)
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
        handler = _with_returns(settings, pipeline, store, sealing, workers, panel)
        listener = await take(stopping, lambda: _open_doors(settings, handler))
        if listener is None:
            return
        try:
            watching = watch(governing, pipeline)
            bound = {kind.value: f"{host}:{port}" for kind, (host, port) in listener.bound.items()}
            say_ready("smtp", bound)
            await stopping.wait()
            await watching()
        finally:
            await listener.stop(STOP_WITHIN)
            await sender.close()
            await authenticator.close()


def _with_returns(
    settings: Settings,
    pipeline: Pipeline,
    store: Store,
    sealing: SealingKeys,
    workers: Workers,
    panel: Panel | None,
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
        panel=panel,
    )


async def _open_doors(settings: Settings, handler: Handler) -> Listener:
    mechanisms = signing_in.mechanisms(settings)
    listener = Listener.of(settings.smtp, handler, mechanisms=mechanisms)
    await listener.start(addresses(settings.smtp))
    return listener
