"""Sealed contents in a store that speaks S3, one object each, under names that are drawn at random.

A content is written into a file of this machine first, and uploaded when it is committed: most
mail that is large enough is looked at several times and then passed on, and never comes here.
Objects are read a block at a time, so that a reader on a slow line holds no connection open.

Promises that memory stays the same whatever the size; that an upload whose outcome cannot be learnt
has failed; and that no message or log line holds an address, a name or a key of the store.
Must never be given a condition to upload under: that makes the client keep the whole in memory.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO, NoReturn

import obstore
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from vault import identifier
from vault.clock import utc_now
from vault.contents.folder import ContentFile, ContentFolder
from vault.contents.interface import ABANDONED_AFTER, IN_S3, Source
from vault.contents.settings import ContentsSettings
from vault.contents.unfinished import AccessKey, UnfinishedUploads
from vault.errors import ContentsUnusable, StoreUnavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

BLOCK = 4 << 20  # bytes asked for at once when reading
PART = 8 << 20  # bytes of one part of an upload
AT_ONCE = 2  # parts under way
LISTED_AT_ONCE = 1000

log = structlog.get_logger()


class _Late(Exception):
    """An upload takes too long."""


_FAULTS = (BaseError, OSError, _Late)  # the client tells some of its own as the system's


class S3Contents:
    """One bucket, or what lies under a prefix of it. `staging` is where contents are written."""

    def __init__(self, settings: ContentsSettings, staging: ContentFolder) -> None:
        """Prepare to talk to the store, without a word to it yet; raises ContentsUnusable."""
        self._settings = settings
        self._staging = staging
        key = _access_key(settings)
        self._store = _client(settings, key)
        known = key or _key_of_environment()
        self._uploads = UnfinishedUploads(settings, known) if known else None

    def create(self) -> "S3File":
        """Begin a new content; raises StoreUnavailable."""
        return S3File(self, self._staging.create())

    def open(self, place: str, start: int = 0, stop: int | None = None) -> Source:
        """Open the bytes from `start` up to `stop`; StoreUnavailable, also when it is not there.

        One request is made at once, so that what is not there is known before a reader is told
        that something comes.
        """
        return _Blocks(self._fetch, _name(place), start, stop)

    def delete(self, place: str) -> None:
        """Remove a content; one that is gone is no failure. Raises StoreUnavailable."""
        name = _name(place)
        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            return
        except _FAULTS as error:
            _fail("deleted", error)

    def sweep(self, older_than: timedelta = ABANDONED_AFTER) -> int:
        """Abort uploads that were begun and left; returns how many. Raises StoreUnavailable.

        Not where the cloud hands out keys to the machine: there a rule of the bucket must do it.
        """
        return self._uploads.abort(older_than) if self._uploads else 0

    def settled(self, older_than: timedelta = ABANDONED_AFTER) -> Iterator[str]:
        """Yield the places of objects not touched for `older_than`; raises StoreUnavailable."""
        limit = utc_now() - older_than
        try:
            for some in obstore.list(self._store, chunk_size=LISTED_AT_ONCE):
                for one in some:
                    if identifier.is_identifier(one["path"]) and one["last_modified"] < limit:
                        yield IN_S3 + one["path"]
        except _FAULTS as error:
            _fail("listed", error)

    def upload(self, file: BinaryIO, size: int) -> str:
        """Keep all of `file` and return its place; raises StoreUnavailable."""
        name = identifier.draw()
        allowed = self._settings.upload_within.total_seconds() + size / (1 << 20)
        try:
            if size <= PART:
                obstore.put(self._store, name, file.read(), use_multipart=False)
            else:
                pieces = _in_time(file, allowed)
                obstore.put(
                    self._store,
                    name,
                    pieces,
                    use_multipart=True,
                    chunk_size=PART,
                    max_concurrency=AT_ONCE,
                )
        except _FAULTS as error:
            _fail("kept", error)
        return IN_S3 + name

    def _fetch(self, name: str, start: int, stop: int) -> tuple[bytes, int]:
        """Return these bytes of an object, fewer if it ends before, and the size of all of it."""
        try:
            found = obstore.get(self._store, name, options={"range": (start, stop)})
            return found.bytes().to_bytes(), found.meta["size"]
        except _FAULTS as error:
            _fail("read", error)


class S3File:
    """One content on its way to the store: `write`, then `commit` or `abort`."""

    def __init__(self, contents: S3Contents, staged: ContentFile) -> None:
        self._contents = contents
        self._staged = staged
        self._place = ""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of `data`; on failure the file is removed and StoreUnavailable raised."""
        self._staged.write(data)

    def look(self) -> BinaryIO:
        """Open what is there so far; raises StoreUnavailable."""
        return self._staged.look()

    def commit(self) -> str:
        """Upload the content and return its place; on failure it is gone (StoreUnavailable).

        The written file stays until `close` or `abort`: whoever wrote it may still want to look.
        """
        if not self._place:
            try:
                with self._staged.look() as file:
                    size = file.seek(0, 2)
                    file.seek(0)
                    self._place = self._contents.upload(file, size)
            except StoreUnavailable:
                self.abort()
                raise
        return self._place

    def close(self) -> None:
        """Remove the file of this machine; the object stays. Never raises."""
        self._staged.abort()

    def abort(self) -> None:
        """Remove the file and the object, whatever their state; never raises."""
        self._staged.abort()
        if self._place:
            with suppress(StoreUnavailable):  # it is swept later
                self._contents.delete(self._place)


class _Blocks:
    """An object, read block by block; every block is a request that is tried again by itself."""

    def __init__(
        self,
        fetch: Callable[[str, int, int], tuple[bytes, int]],
        name: str,
        start: int,
        stop: int | None,
    ) -> None:
        self._fetch = fetch
        self._name = name
        self._at = start
        self._stop = stop
        self._held = b""
        self._from = 0
        self._more()

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none at the end; raises StoreUnavailable."""
        if self._from == len(self._held):
            self._more()
        piece = self._held[self._from : self._from + size]
        self._from += len(piece)
        return piece

    def close(self) -> None:
        """Forget what is held."""
        self._held = b""
        self._from = 0
        self._stop = self._at

    def _more(self) -> None:
        end = self._at + BLOCK if self._stop is None else min(self._stop, self._at + BLOCK)
        self._held, self._from = b"", 0
        if end <= self._at:
            return
        self._held, whole = self._fetch(self._name, self._at, end)
        self._at += len(self._held)
        self._stop = whole if self._stop is None else min(self._stop, whole)
        if not self._held or (self._at < end and self._at < whole):
            raise StoreUnavailable("sealed content could not be read: the store gives too little")


def _in_time(file: BinaryIO, seconds: float) -> Iterator[bytes]:
    """Yield the parts of a file, for so many seconds at most; then an upload is given up."""
    until = time.monotonic() + seconds
    while piece := file.read(PART):
        if time.monotonic() > until:
            raise _Late
        yield piece


def _client(settings: ContentsSettings, key: AccessKey | None) -> S3Store:
    return S3Store(
        settings.bucket,
        prefix=settings.prefix or None,
        config=_config(settings, key),
        client_options=_options(settings),
        retry_config={
            "max_retries": 5,
            "retry_timeout": settings.timeout,
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=3),
                "base": 2,
            },
        },
    )


def _access_key(settings: ContentsSettings) -> AccessKey | None:
    """Return the key that the settings name, if they name one; raises ContentsUnusable."""
    if not settings.access_key_id:
        return None
    try:
        secret = settings.secret()
    except (OSError, UnicodeDecodeError):
        raise ContentsUnusable(
            f"the access key of the S3 store cannot be read: {settings.secret_access_key_file}"
        ) from None
    if not secret:
        raise ContentsUnusable("access_key_id in [vault.contents] needs a secret_access_key")
    return AccessKey(settings.access_key_id, secret)


def _key_of_environment() -> AccessKey | None:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key_id, secret, token = (os.environ.get(name, "") for name in names)
    return AccessKey(key_id, secret, token) if key_id and secret else None


def _config(settings: ContentsSettings, key: AccessKey | None) -> "S3Config":
    config: S3Config = {
        "region": settings.region or "us-east-1",
        "virtual_hosted_style_request": settings.virtual_hosted,
    }
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
    if key is not None:
        config["access_key_id"] = key.id
        config["secret_access_key"] = key.secret
    return config


def _options(settings: ContentsSettings) -> "ClientConfig":
    options: ClientConfig = {
        "timeout": settings.timeout,
        "connect_timeout": min(settings.timeout, timedelta(seconds=5)),
        "allow_http": settings.endpoint.startswith("http://"),
    }
    if settings.authorities is not None:
        try:
            options["root_certificate"] = settings.authorities.read_bytes()
        except OSError:
            raise ContentsUnusable(f"{settings.authorities} cannot be read") from None
    return options


def _name(place: str) -> str:
    name = place.removeprefix(IN_S3)
    if name == place or not identifier.is_identifier(name):
        raise ValueError("not a content id")
    return name


_WHY: dict[type[Exception], str] = {
    FileNotFoundError: "it, or the bucket, is not there",
    PermissionDeniedError: "the store refuses our access key",
    UnauthenticatedError: "the store does not accept our access key",
    _Late: "it took too long",
}


def _fail(what: str, error: Exception) -> NoReturn:
    """Tell what failed in our own words: the client's hold addresses and names of objects."""
    kind = type(error).__name__
    log.warning("contents.failed", what=what, kind=kind)
    why = _WHY.get(type(error), "the store does not answer as it should")
    raise StoreUnavailable(f"sealed content could not be {what}: {why}") from None
