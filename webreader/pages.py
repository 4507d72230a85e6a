"""From facts to a page: the template environment and the words in which facts are shown.

Every value is escaped and a missing one is an error, never an empty space. A page is complete
without a script: what it needs from outside itself is one style sheet and one picture.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jinja2
from aiohttp import hdrs, web

from webreader import cookies, guard
from webreader.site import SITE, Site
from webreader.visits import VISIT_SECONDS, VISITOR

TEMPLATES: web.AppKey[jinja2.Environment] = web.AppKey("templates", jinja2.Environment)

STATIC: Final = {
    "site.css": "text/css",
    "favicon.svg": "image/svg+xml",
}
FOLDER: Final = files("webreader").joinpath("static")
ASSETS: Final = {name: FOLDER.joinpath(name).read_bytes() for name in STATIC}
STEPS: Final = (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000))
TEN: Final = 10


def environment(site: Site) -> jinja2.Environment:
    """Return the template environment of a site."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("webreader"),
        auto_reload=False,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    local = zone(site)
    made.filters["day"] = lambda when: _local(when, local)[0]
    made.filters["clock"] = lambda when: _local(when, local)[1]
    made.filters["weekday"] = lambda when: f"{when.astimezone(local):%A} {_local(when, local)[0]}"
    made.filters["size"] = size
    made.filters["untagged"] = site.untagged
    made.globals["asset"] = asset
    made.globals["organisation"] = site.organisation
    made.globals["site_host"] = site.host
    return made


def page(
    request: web.Request, template: str, *, status: int = 200, **facts: object
) -> web.Response:
    """Render a template as the answer to a request.

    Templates find, besides `facts`: `organisation`, `identity` (the proved address or None),
    `path`, and `csrf` with `token_field`, the token that every form must carry.
    """
    visitor = request.get(VISITOR)
    session = visitor.session if visitor else None
    shared: dict[str, Any] = {
        "identity": session.identity if session else None,
        "csrf": visitor.csrf(request.app[SITE].secret) if visitor else "",
        "token_field": guard.FORM_TOKEN,
        "path": request.path,
    }
    text = request.app[TEMPLATES].get_template(template).render(shared | facts)
    response = web.Response(text=text, content_type="text/html", charset="utf-8", status=status)
    if visitor and visitor.is_new and session is None:
        cookies.put(response, cookies.VISIT, visitor.visit, VISIT_SECONDS)
    return response


def redirect(path: str) -> web.Response:
    """Send the browser on to a path of our own, with GET (RFC 9110, 303)."""
    return web.Response(status=303, headers={hdrs.LOCATION: path})


@guard.plain
async def static(request: web.Request) -> web.Response:
    """Serve the style sheet or the picture: the only things a browser may keep.

    They are public, and the print view reads the style sheet from inside a sandbox, which is
    another origin to a browser; hence the open resource policy.
    """
    name = request.match_info["name"]
    if name not in ASSETS:
        raise web.HTTPNotFound
    return web.Response(
        body=ASSETS[name],
        content_type=STATIC[name],
        charset="utf-8",
        headers={
            hdrs.CACHE_CONTROL: "public, max-age=86400",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )


def asset(name: str) -> str:
    """Return the address of a static file; it changes when the file does."""
    return f"/static/{name}?v={sha256(ASSETS[name]).hexdigest()[:12]}"


def size(count: int) -> str:
    """Say a number of bytes as people do: `812 bytes`, `1.2 MB`."""
    for unit, step in STEPS:
        if count >= step:
            shown = count / step
            return f"{shown:.0f} {unit}" if shown >= TEN else f"{shown:.1f} {unit}"
    return "1 byte" if count == 1 else f"{count} bytes"


def zone(site: Site) -> tzinfo:
    """Find the zone of a site's clocks; without a time zone database they show UTC, and say so."""
    try:
        return ZoneInfo(site.settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _local(when: datetime, zone: tzinfo) -> tuple[str, str]:
    local = when.astimezone(zone)
    return f"{local.day} {local:%B %Y}", f"{local:%H:%M %Z}"


ROUTES = [web.get("/static/{name}", static)]
