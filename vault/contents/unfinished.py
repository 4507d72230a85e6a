"""Uploads in parts that were begun and never finished: what a killed process leaves in a store.

No list of objects shows them, and they cost money until they are aborted. The S3 client can neither
list nor abort them, so these two requests are made here and signed as Amazon describes it
(Signature Version 4, https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).

Promises to touch nothing but uploads below our own prefix that are older than they can be in use.
Must never follow a redirect, nor show what the store answers.
"""

import hashlib
import hmac
import html
import http.client
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import structlog

from vault import identifier
from vault.clock import utc_now
from vault.contents.settings import ContentsSettings
from vault.errors import StoreUnavailable

MOST_BYTES = 4 << 20  # of one answer: a thousand uploads
MOST_PAGES = 1000
_EMPTY = hashlib.sha256(b"").hexdigest()
_UPLOAD = re.compile(r"<Upload>(.*?)</Upload>", re.DOTALL)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Who asks: the name of an access key, the key, and the token that some keys come with."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


class UnfinishedUploads:
    """The unfinished uploads below the prefix of the settings."""

    def __init__(self, settings: ContentsSettings, key: AccessKey) -> None:
        self._settings = settings
        self._key = key
        self._region = settings.region or "us-east-1"
        address = urlsplit(settings.endpoint or f"https://s3.{self._region}.amazonaws.com")
        self._host = address.netloc
        self._is_tls = address.scheme == "https"
        self._path = address.path + ("" if settings.virtual_hosted else f"/{settings.bucket}")

    def abort(self, older_than: timedelta) -> int:
        """Abort those that were begun longer ago; returns how many. Raises StoreUnavailable."""
        limit = utc_now() - older_than
        old = [one for one in self._listed() if one.begun < limit]
        for one in old:
            self._ask("DELETE", f"{self._path}/{one.key}", {"uploadId": one.id})
        return len(old)

    def _listed(self) -> "Iterator[_Upload]":
        prefix = f"{self._settings.prefix}/" if self._settings.prefix else ""
        query = {"uploads": "", "prefix": prefix, "max-uploads": "1000"}
        for _ in range(MOST_PAGES):
            said = self._ask("GET", self._path or "/", query)
            for found in _UPLOAD.findall(said):
                key, name = _text(found, "Key"), _text(found, "Key").removeprefix(prefix)
                if identifier.is_identifier(name):
                    begun = datetime.fromisoformat(_text(found, "Initiated"))
                    yield _Upload(key, _text(found, "UploadId"), begun)
            if _text(said, "IsTruncated") != "true":
                return
            query["key-marker"] = _text(said, "NextKeyMarker")
            query["upload-id-marker"] = _text(said, "NextUploadIdMarker")

    def _ask(self, method: str, path: str, query: Mapping[str, str]) -> str:
        """Make one request and return the answer; raises StoreUnavailable."""
        shown = "&".join(f"{k}={quote(v, safe='')}" for k, v in sorted(query.items()))
        path = quote(path)
        try:
            with closing(self._line()) as line:
                line.request(method, f"{path}?{shown}", headers=self._signed(method, path, shown))
                answer = line.getresponse()
                said = answer.read(MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            log.warning("contents.failed", what="swept", kind=type(error).__name__)
            raise StoreUnavailable("unfinished uploads could not be aborted") from None
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
            log.warning("contents.failed", what="swept", status=answer.status)
            raise StoreUnavailable("unfinished uploads could not be aborted")
        return said.decode("utf-8", "replace")

    def _line(self) -> http.client.HTTPConnection:
        seconds = self._settings.timeout.total_seconds()
        if not self._is_tls:
            return http.client.HTTPConnection(self._host, timeout=seconds)
        context = ssl.create_default_context()
        if self._settings.authorities is not None:
            context.load_verify_locations(self._settings.authorities)
        return http.client.HTTPSConnection(self._host, timeout=seconds, context=context)

    def _signed(self, method: str, path: str, query: str) -> dict[str, str]:
        moment = f"{utc_now():%Y%m%dT%H%M%SZ}"
        headers = {"host": self._host, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
        if self._key.token:
            headers["x-amz-security-token"] = self._key.token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        asked = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{_EMPTY}"
        scope = f"{moment[:8]}/{self._region}/s3/aws4_request"
        digest = hashlib.sha256(asked.encode()).hexdigest()
        key = f"AWS4{self._key.secret}".encode()
        for step in scope.split("/"):
            key = hmac.digest(key, step.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        claims = f"Credential={self._key.id}/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**headers, "authorization": f"AWS4-HMAC-SHA256 {claims}"}


@dataclass(frozen=True, slots=True)
class _Upload:
    key: str
    id: str
    begun: datetime


def _text(xml: str, name: str) -> str:
    """Return what an element holds that has no elements in it, or an empty text."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return html.unescape(found[1]) if found else ""
