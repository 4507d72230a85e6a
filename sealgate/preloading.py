"""What every process of a node comes to load, loaded before they are forked: then it is there once.

Promises that it is the program alone: no key, no setting, no connection and no thread. Must never
be needed: a process that finds something not loaded loads it.
"""

from importlib import import_module

from policies.detectors.ready import get_ready

_LATE = (
    "cryptography.hazmat.backends.openssl.backend",
    "encodings.unicode_escape",
    "encodings.utf_8_sig",
    "vault.storage.checkpoints",
    "vault.storage.schema",
    "vault.storage.sqlite",
)
"""What is imported when it is first used, which every process does at its start."""


def preload() -> None:
    """Load it."""
    for name in _LATE:
        import_module(name)
    get_ready()
