"""How the reader site is served: where it listens, with which certificate, within which limits.

These values come from the administrator's file, so they are checked when the program starts. The
defaults are safe on a public address. What the organisation is called and the site's public
address are not here: they belong to `policies.settings.OrganisationSettings`, because notices need
them too.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vault.address import Address
from vault.errors import AddressError

MIB = 1024 * 1024
LAST_PORT = 65535


class WebSettings(BaseModel):
    """The `[web]` section of the settings file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str = Field(
        "127.0.0.1:8443", description="Address and port of the reader site, as HOST:PORT."
    )
    tls_certificate: Path | None = Field(
        None,
        description="PEM file with the certificate chain. Empty only behind a proxy that does TLS.",
    )
    tls_key: Path | None = Field(None, description="PEM file with the certificate's private key.")
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Networks of reverse proxies whose X-Forwarded-For header names the visitor.",
    )
    reply_from: str = Field(
        "",
        description="Address replies are sent from. Empty: secure@ the first domain.",
    )
    reply_max_bytes: int = Field(
        25 * MIB, gt=0, description="Largest reply, attachments included, in bytes."
    )
    reply_max_files: int = Field(20, ge=0, le=200, description="Most attachments in one reply.")
    replies_per_hour: int = Field(
        30, gt=0, description="Most replies one person may send in an hour."
    )
    time_zone: str = Field("Europe/London", description="Time zone in which times are shown.")
    request_seconds: float = Field(
        20, gt=0, description="Time a visitor has to send a request, and we have to answer it."
    )
    upload_seconds: float = Field(
        900, gt=0, description="Time a visitor has to upload a reply with its attachments."
    )
    stall_seconds: float = Field(
        60, gt=0, description="A connection that moves no byte for so long is cut."
    )
    max_connections: int = Field(1000, gt=0, description="Most connections at the same time.")
    max_connections_per_client: int = Field(
        60, gt=0, description="Most connections at the same time from one address."
    )

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and int(port) <= LAST_PORT):
            raise ValueError("must be HOST:PORT, for example 0.0.0.0:443 or [::]:443")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ip_network(text)
        return value

    @field_validator("reply_from")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            return str(Address.parse(value)) if value else value
        except AddressError as error:
            raise ValueError(f"is not a mail address: {error}") from error

    @field_validator("time_zone")
    @classmethod
    def _a_known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (LookupError, OSError, ValueError) as error:
            raise ValueError("is not a time zone, such as Europe/London") from error
        return value

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be set together")
        return self

    @property
    def host(self) -> str:
        """The listening address without port or brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The listening port; 0 lets the system choose one."""
        return int(self.listen.rpartition(":")[2])
