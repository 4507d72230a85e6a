"""How the reader site is served: where it listens, with which certificate, within which limits.

These values come from the administrator's file, so they are checked when the program starts. The
defaults are safe on a public address. What the organisation is called and the site's public
address are not here: they belong to `policies.settings.OrganisationSettings`, because notices need
them too.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vault.typed import ListenAddress, MailAddress, ZoneName, split_listen_address

MIB = 1024 * 1024


class WebSettings(BaseModel):
    """The `[web]` section of the settings file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: ListenAddress = Field(
        "127.0.0.1:8443",
        min_length=1,
        description="Address and port of the reader site, as HOST:PORT.",
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
    reply_from: MailAddress = Field(
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
    time_zone: ZoneName = Field("Europe/London", description="Time zone in which times are shown.")
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

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ip_network(text)
        return value

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key must be set together")
        return self

    @property
    def host(self) -> str:
        """The listening address without port or brackets."""
        return split_listen_address(self.listen)[0]

    @property
    def port(self) -> int:
        """The listening port; 0 lets the system choose one."""
        return split_listen_address(self.listen)[1]
