"""The reader site as one application: which paths there are, and what stands around every page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp import web

from webreader import failures, guard, health, pages, signin
from webreader.answering import reply
from webreader.answering.drafts import DRAFTS, Drafts
from webreader.holding import approving, held
from webreader.incident import pages as incident
from webreader.managing import ending, manage, sent
from webreader.pages import TEMPLATES, environment
from webreader.reading import ask, download, home, read, secondlock
from webreader.site import POOL, SITE, WORKERS, Site

FORM_BYTES: Final = 64 * 1024
AREAS: Final = (
    home,
    signin,
    read,
    download,
    reply,
    secondlock,
    ask,
    sent,
    manage,
    ending,
    incident,
    held,
    approving,
    health,
    pages,
)


def make_app(site: Site) -> web.Application:
    """Return the application that serves `site`; `listen` puts it on a port."""
    app = web.Application(
        middlewares=[guard.record, failures.answer, guard.check], client_max_size=FORM_BYTES
    )
    app[SITE] = site
    app[DRAFTS] = Drafts(site.settings.replies_per_hour, site.store.clock)
    app[TEMPLATES] = environment(site)
    app.on_response_prepare.append(guard.add_headers)
    app.cleanup_ctx.append(_workers)
    for area in AREAS:
        app.add_routes(area.ROUTES)
    return app


async def _workers(app: web.Application) -> AsyncIterator[None]:
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="web") as pool:
        app[POOL] = pool
        yield
