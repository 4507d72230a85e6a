"""The process that serves the reader site. It opens packages, and no queued mail."""

from contextlib import closing
from dataclasses import dataclass

from gateway.scanners.panel import Panel
from policies.engine import Policy
from policies.extraction.pool import ExtractionPool
from sealgate.lifeline import Stopping, say_ready
from sealgate.policy.governing import Governing, watch
from sealgate.rekeying import Rekeying
from sealgate.scanning import SiteScan
from sealgate.settings import Settings
from sealgate.turns import Turns
from sealgate.waiting import take
from vault import keys
from vault.keys import opening
from vault.keys.place import KeyPlace
from vault.packages.history import Past
from vault.storage.store import Store
from webreader import listen
from webreader.site import Site


@dataclass(slots=True)
class InForce:
    """The policy that the reader site goes by."""

    policy: Policy


async def run(settings: Settings) -> None:
    """Serve the reader site."""
    stopping = Stopping()
    folder = settings.keys_folder
    store, sealing = Store(settings.vault), keys.load_sealing(folder, settings.keys)
    governing = Governing(settings, store, sealing)
    in_force = InForce(governing.begin())
    extraction = ExtractionPool(
        settings.smtp.extraction_processes, turn=Turns(settings.vault.folder, "large-mail")
    )
    panel = Panel(settings.scanners)
    site = Site(
        store=store,
        opening=opening.load_opening(folder, settings.keys),
        sealing=sealing,
        secret=keys.load_web_secret(folder, settings.keys),
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
            watching = watch(governing, in_force)
            place = KeyPlace(folder, settings.keys)
            rekeyed = Rekeying(store, place, "vault", site.opening.vault, sealing.vault).begin()
            say_ready("web", {"web": f"{settings.web.host}:{port}"})
            await stopping.wait()
            await rekeyed()
            await watching()
        finally:
            await listener.stop()


async def _open_site(site: Site) -> tuple[listen.Listener, int]:
    listener = listen.Listener(site)
    try:
        return listener, await listener.start()
    except BaseException:
        await listener.stop()
        raise
