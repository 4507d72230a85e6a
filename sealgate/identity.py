"""What a node is called among others: by its data folder.

Deliverers claim mail under a name, and give back what they held when they start again. Promises
that no two nodes share a name, though they share a host name, and that a node keeps its own. Must
never be kept anywhere but in the folder that is the node's alone.
"""

import os
from contextlib import suppress
from pathlib import Path

from vault import identifier
from vault.errors import StoreUnavailable

FILE_NAME = "node"
SHOWN = 8


def node_of(folder: Path) -> str:
    """Return the name of the node with this data folder, drawn when it is first asked for.

    Raises StoreUnavailable.
    """
    file = folder / FILE_NAME
    drawn = folder / f".{FILE_NAME}.{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            drawn.write_text(identifier.draw())
            with suppress(FileExistsError):  # another process was faster
                file.hardlink_to(drawn)
            drawn.unlink()
        return file.read_text().strip()[:SHOWN]
    except OSError as error:
        raise StoreUnavailable from error
