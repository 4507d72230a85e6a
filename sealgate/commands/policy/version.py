"""What the policy commands say of a kept version: which it is, its digest and its time.

Promises that what is not there ends the command with one sentence.
"""

from datetime import datetime

from sealgate.node import end
from sealgate.policy.admission import SHOWN_OF_DIGEST
from vault import rulebook
from vault.rulebook import Version
from vault.storage.store import Store


def find(store: Store, digest: str) -> Version:
    """Return a kept version by the beginning of its digest, or end the command."""
    try:
        with store.reading() as tx:
            return rulebook.find(tx, digest)
    except LookupError as error:
        said = str(error.args[0])
        end(f"{said[:1].upper()}{said[1:]}.")


def short(digest: str) -> str:
    """Return as much of a digest as people are shown."""
    return digest[:SHOWN_OF_DIGEST]


def when(moment: datetime) -> str:
    """Return a moment in the time of this machine."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
