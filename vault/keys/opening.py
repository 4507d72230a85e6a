"""The half of the vault key that opens packages.

Only the process of the reader site loads it; the import rules keep it out of the SMTP door.
Must never be imported by `gateway`, not even through another module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vault.errors import SecondLocked
from vault.keys.halves import OpeningHalves
from vault.keys.hpke import Opener
from vault.keys.place import KeyPlace
from vault.keys.settings import AS_THEY_ARE, KeySettings
from vault.packages.facts import locked_binding, unwrap_key
from vault.packages.phrase import disclose
from vault.secrets import Secret


@dataclass(frozen=True, slots=True)
class OpeningKeys:
    """What opens packages. `second` holds keys made of words that a reader typed, by package."""

    vault: Opener
    second: Mapping[str, Secret] = field(default_factory=dict, repr=False)

    def content_key(self, package_id: str, wrapped: bytes, second_lock: bytes | None) -> Secret:
        """Open the content key of a package; raises Tampered, SecondLocked."""
        if second_lock is None:
            return unwrap_key(self.vault, package_id, wrapped)
        if (key := self.second.get(package_id)) is None:
            raise SecondLocked
        inner = self.vault.open(wrapped, locked_binding(package_id))
        return disclose(inner, key, package_id, second_lock)


def load_opening(folder: Path, settings: KeySettings = AS_THEY_ARE) -> OpeningKeys:
    """Load the opening halves of the vault key; raises KeyUnusable, KeyServiceSilent."""
    return OpeningKeys(vault=OpeningHalves(KeyPlace(folder, settings), "vault"))
