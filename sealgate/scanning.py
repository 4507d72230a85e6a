"""Malware scanners for the reader site: the door's panel, in the site's words.

Promises that the site's mail is judged exactly as the SMTP door's is. Must never hold a rule of its
own: it translates.
"""

from collections.abc import Callable, Iterable

import structlog

from gateway.scanners.panel import Panel, Ruling
from webreader.answering.scanning import Infected, NotScanned, TooLargeToScan

log = structlog.get_logger()


class SiteScan:
    """What the site calls; see `webreader.answering.scanning.Scan`."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def __call__(
        self, read: Callable[[], Iterable[bytes]], size: int, seconds: float | None = None
    ) -> bool:
        """Say whether a mail may leave in the clear. Blocks; raises Infected, NotScanned."""
        asking = self._panel.begin(read, size, seconds)
        try:
            report = asking.report.result()
        finally:
            asking.end()
        if report.ruling is Ruling.INFECTED:
            log.warning("web.infected", found=report.found)
            raise Infected(report.found)
        if report.missed:
            said = {name: why.name.lower() for name, why in report.missed.items()}
            log.warning("web.not_scanned", ruling=report.ruling.name.lower(), scanners=said)
        if report.ruling is Ruling.REFUSE:
            raise TooLargeToScan
        if report.ruling is Ruling.REFUSE_FOR_NOW:
            raise NotScanned
        return report.ruling is Ruling.FREE
