"""How well personal data is found: `python -m bench.detection`."""
