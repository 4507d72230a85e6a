"""Detectors: each finds one kind of personal identifiable data."""
