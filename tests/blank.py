"""A vault with a schema and nothing else, made once in a process and copied for every test.

Making one takes longer than most tests.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from vault.settings import VaultSettings
from vault.storage.store import Store


def blank_vault(folder: Path) -> Path:
    """Put a vault that nothing has been kept in where `folder` says, and return `folder`."""
    shutil.copytree(_made(), folder, dirs_exist_ok=True)
    return folder


@cache
def _made() -> Path:
    """Where the one lies that the others are copied from; it goes when the process ends."""
    above = Path(tempfile.mkdtemp(prefix="sealgate-blank-"))
    atexit.register(shutil.rmtree, above, ignore_errors=True)
    Store(VaultSettings(folder=above / "vault")).close()
    return above / "vault"
