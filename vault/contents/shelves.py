"""All places of an installation's contents together: new ones go to one, old ones are found in any.

A place tells by itself where it is: those of an S3 store begin with `s3:`. So contents can be moved
from one to the other while the node runs.

Must never load the S3 client where no S3 store is set up.
"""

import importlib.util
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from vault import extras
from vault.contents.folder import ContentFolder
from vault.contents.interface import ABANDONED_AFTER, IN_S3, Contents, Source, Unfinished
from vault.contents.settings import ContentsSettings
from vault.errors import ContentsUnusable, StoreUnavailable


def open_contents(settings: ContentsSettings, folder: Path) -> "Shelves":
    """Return every place that the settings name; raises StoreUnavailable, ContentsUnusable."""
    local = ContentFolder(folder)
    if not settings.s3:
        return Shelves(local, None, new_in_s3=False)
    if importlib.util.find_spec("obstore") is None:
        raise ContentsUnusable(
            "[vault.contents] names an S3 store, which needs a part that is not installed: "
            + extras.command("s3")
        )
    from vault.contents.s3 import S3Contents  # noqa: PLC0415 - the client is an optional extra

    return Shelves(local, S3Contents(settings, local), new_in_s3=not settings.leaving_s3)


class Shelves:
    """The folder and, if there is one, the S3 store."""

    def __init__(self, folder: ContentFolder, s3: Contents | None, *, new_in_s3: bool) -> None:
        self.folder = folder
        self.s3 = s3
        self._new: Contents = s3 if s3 is not None and new_in_s3 else folder

    def create(self) -> Unfinished:
        """Begin a new content; raises StoreUnavailable."""
        return self._new.create()

    def open(self, place: str, start: int = 0, stop: int | None = None) -> Source:
        """Open the bytes from `start` up to `stop`; StoreUnavailable, also when it is not there."""
        return self._of(place).open(place, start, stop)

    def delete(self, place: str) -> None:
        """Remove a content that no row names any more; raises StoreUnavailable."""
        self._of(place).delete(place)

    def sweep(self, older_than: timedelta = ABANDONED_AFTER) -> int:
        """Remove what was begun and never finished; returns how many."""
        removed = self.folder.sweep(older_than)
        if self.s3 is not None:
            with suppress(StoreUnavailable):  # the next run tries again
                removed += self.s3.sweep(older_than)
        return removed

    def settled(self, older_than: timedelta = ABANDONED_AFTER) -> Iterator[str]:
        """Yield the places of complete contents not touched for `older_than`."""
        yield from self.folder.settled(older_than)
        if self.s3 is not None:
            yield from self.s3.settled(older_than)

    def is_new(self, place: str) -> bool:
        """Tell whether a place is where new contents go."""
        return self._of(place) is self._new

    def _of(self, place: str) -> Contents:
        if not place.startswith(IN_S3):
            return self.folder
        if self.s3 is None:
            raise StoreUnavailable(
                "sealed content lies in an S3 store, and [vault.contents] names none"
            )
        return self.s3
