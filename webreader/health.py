"""Whether the site can work, for whatever watches over it: yes or no, and how much mail waits.

Must never say more: anybody may ask.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aiohttp import web

from vault import rulebook
from vault.errors import VaultError
from vault.rulebook import PolicyActKind
from vault.sending import outbox
from vault.storage.store import Store
from webreader.guard import plain
from webreader.site import SITE, in_thread

_STANDING: Final = {
    PolicyActKind.REFUSED: "the file cannot be used",
    PolicyActKind.PROPOSED: "a change waits for approval",
}
SLOW: Final = timedelta(minutes=15)


@plain
async def health(request: web.Request) -> web.Response:
    """GET /healthz: 200 when the database answers, else 503."""
    store = request.app[SITE].store
    try:
        waiting = await in_thread(request, outbox.backlog, store)
        policy = await in_thread(request, _policy, store)
    except VaultError:
        return web.json_response({"status": "unavailable", "database": False}, status=503)
    late = waiting.oldest is not None and store.clock() - waiting.oldest > SLOW
    return web.json_response(
        {
            "status": "ok",
            "database": True,
            "outbox": {"waiting": waiting.queued, "late": late},
            "policy": policy,
        }
    )


def _policy(store: Store) -> str:
    """Say how the policy file stands: in force, or one that waits or cannot be used."""
    with store.reading() as tx:
        last = rulebook.last_act(tx)
    return _STANDING.get(last, "in force") if last else "none yet"


ROUTES = [web.get("/healthz", health)]
