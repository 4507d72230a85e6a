"""Detectors: each finds one kind of personal identifiable data in a text.

Promises findings that say where and how sure, never what. Must never log or keep a text.
"""

from policies.detectors.finding import Confidence, Detector, Finding, Severity
from policies.detectors.registry import DETECTORS

__all__ = ["DETECTORS", "Confidence", "Detector", "Finding", "Severity"]
