"""The half of the vault key that opens packages.

Only the process of the reader site loads it; the import rules keep it out of the SMTP door.
Must never be imported by `gateway`, not even through another module.
"""

from dataclasses import dataclass
from pathlib import Path

from vault.hpke import PrivateHalf
from vault.keys import load_private


@dataclass(frozen=True, slots=True)
class OpeningKeys:
    """What opens packages."""

    vault: PrivateHalf


def load_opening(folder: Path) -> OpeningKeys:
    """Load the opening half of the vault key; raises KeyUnusable."""
    return OpeningKeys(vault=load_private(folder, "vault"))
