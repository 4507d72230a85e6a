"""Searches a short text, such as a subject, with many detectors.

Promises to find what each of them finds, and to ask only those whose trigger stands in the text.
Long texts are for `policies.detectors.scan`.
"""

from collections.abc import Iterable, Iterator

from policies.detectors.base import ShapeDetector
from policies.detectors.finding import Detector, Finding
from policies.detectors.triggers import TRIGGERS
from policies.text.view import View


def search(view: View, detectors: Iterable[Detector]) -> Iterator[Finding]:
    """Yield the findings of `detectors` in `view`, detector by detector."""
    pulled = TRIGGERS.pulled(view)
    for detector in detectors:
        if detector.name in pulled or not (isinstance(detector, ShapeDetector) and detector.waits):
            yield from detector.find(view)
