"""Looks at the place of sealed contents as the doctor does: keeps one, reads it, removes it.

Promises to leave nothing behind that is not swept later. Must never show an access key.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from sealgate.doctor.findings import Finding, Verdict, good
from sealgate.settings import Settings
from vault.contents import Contents
from vault.contents.shelves import open_contents
from vault.errors import VaultError
from vault.storage.store import CONTENTS

_SIZE = 200_000
_WHAT = "sealed content"


def contents(settings: Settings) -> Iterator[Finding]:
    """Say whether an S3 store takes contents, and gives them back whole and in part."""
    chosen = settings.vault.contents
    if not chosen.s3 or not settings.vault.folder.exists():
        return
    try:
        place = open_contents(chosen, settings.vault.folder / CONTENTS)
        assert place.s3 is not None  # noqa: S101 - the settings name one
        wrong = _trial(place.s3)
    except VaultError as error:
        yield Finding(_WHAT, Verdict.BAD, f"{chosen.s3}: {error}")
        return
    if wrong:
        yield Finding(_WHAT, Verdict.BAD, f"{chosen.s3} {wrong}")
    else:
        yield good(_WHAT, f"{chosen.s3} keeps it, gives it back in part, and lets it go")
    address = urlsplit(chosen.endpoint)
    if address.scheme == "http" and address.hostname not in {"127.0.0.1", "::1", "localhost"}:
        says = f"{chosen.endpoint} has no TLS: what is sealed stays so, but who asks can be seen"
        yield Finding(_WHAT, Verdict.WARNING, says)


def _trial(place: Contents) -> str:
    """Keep a content and remove it again; return what is wrong, or nothing. Raises VaultError."""
    data = os.urandom(_SIZE)
    file = place.create()
    file.write(data)
    kept = file.commit()
    file.close()
    try:
        part = place.open(kept, 1000, 2000)
        if part.read(_SIZE) != data[1000:2000]:
            return "does not give back the part that was asked for"
        if next(iter(place.settled(timedelta(minutes=-5))), None) is None:
            return "does not list what it keeps, so that nothing could be swept"
    finally:
        place.delete(kept)
    return ""
