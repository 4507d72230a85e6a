"""The incident report on the reader site: for the message's owner, and the data protection officer.

There is one once access has been withdrawn from anybody. Promises the same answer, that there is
nothing, to everybody else and for every other message; and that each look is on record.
"""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from vault.address import Address
from vault.origin import Origin
from vault.trail import incident
from vault.trail.incident import Incident
from webreader.content import filenames
from webreader.incident.telling import Report, report
from webreader.pages import page, zone
from webreader.reading.download import POLICY
from webreader.site import SITE, Site, came_from, in_thread
from webreader.visits import reader

FORMS: Final = (("pdf", "PDF, for the file"), ("html", "HTML, to read"), ("json", "JSON"))
TYPES: Final = {
    "pdf": "application/pdf",
    "html": "application/octet-stream",
    "json": "application/json",
}


async def show(request: web.Request) -> web.Response:
    """GET /incident/{package}: the clock, and the report to be downloaded."""
    _, told = await in_thread(request, _told, *_asked(request))
    package = request.match_info["package"]
    return page(request, "incident.html", report=told, package=package, forms=FORMS)


async def save(request: web.Request) -> web.Response:
    """GET /incident/{package}/report.{form}: the report as PDF, HTML or JSON."""
    form = request.match_info["form"]
    found, told = await in_thread(request, _told, *_asked(request))
    body = await in_thread(request, _formed, form, found, told)
    return web.Response(
        body=body,
        headers={
            hdrs.CONTENT_TYPE: TYPES[form],
            hdrs.CONTENT_DISPOSITION: filenames.disposition(f"incident-{found.reference}.{form}"),
            hdrs.CONTENT_SECURITY_POLICY: POLICY,
        },
    )


def _asked(request: web.Request) -> tuple[Site, Address, str, Origin]:
    return request.app[SITE], reader(request), request.match_info["package"], came_from(request)


def _told(site: Site, identity: Address, package: str, origin: Origin) -> tuple[Incident, Report]:
    """Gather and tell an incident, on record. Blocks. Raises AccessDenied."""
    is_officer = identity == site.organisation.officer
    found = incident.gather(
        site.store,
        package,
        by=str(identity),
        origin=origin,
        on_behalf_of=None if is_officer else str(identity),
    )
    return found, report(found, site.organisation.name, zone(site))


def _formed(form: str, found: Incident, told: Report) -> bytes:
    from webreader.incident import forms  # noqa: PLC0415 - what writes PDF takes 6 MB

    if form == "json":
        return forms.as_json(found, told)
    return forms.as_html(told) if form == "html" else forms.as_pdf(told)


PACKAGE: Final = "/incident/{package:[a-z2-7]{26}}"
ROUTES = [
    web.get(PACKAGE, show),
    web.get(PACKAGE + "/report.{form:pdf|html|json}", save),
]
