"""The half of the vault key that opens packages.

Only the process of the reader site loads it; the import rules keep it out of the SMTP door.
Must never be imported by `gateway`, not even through another module.
"""

from dataclasses import dataclass
from pathlib import Path

from vault.halves import OpeningHalves
from vault.hpke import Opener
from vault.keyplace import KeyPlace
from vault.keysettings import AS_THEY_ARE, KeySettings


@dataclass(frozen=True, slots=True)
class OpeningKeys:
    """What opens packages."""

    vault: Opener


def load_opening(folder: Path, settings: KeySettings = AS_THEY_ARE) -> OpeningKeys:
    """Load the opening halves of the vault key; raises KeyUnusable, KeyServiceSilent."""
    return OpeningKeys(vault=OpeningHalves(KeyPlace(folder, settings), "vault"))
