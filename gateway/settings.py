"""What an administrator decides about the SMTP door.

Promises that a door that cannot be safe is refused at start: submission ports need a certificate,
the trusted port needs to know whom to trust. Must never hold a default that listens to the world.
"""

import ipaddress
import os
import re
import socket
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ByteSize, ConfigDict, Field, model_validator

from vault.typed import ListenAddress, split_listen_address

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def _own_name() -> str:
    name = socket.gethostname().lower()
    return name if re.fullmatch(r"[a-z0-9.-]+", name) else "localhost"


class SmtpSettings(BaseModel):
    """The ports that mail clients and the organisation's own mail servers send to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    starttls: ListenAddress = Field(
        "127.0.0.1:587", description="Submission with STARTTLS and sign-in; empty: off."
    )
    tls: ListenAddress = Field(
        "127.0.0.1:465", description="Submission with TLS from the first byte; empty: off."
    )
    trusted: ListenAddress = Field(
        "", description="For the organisation's own mail servers, without sign-in; empty: off."
    )
    trusted_networks: list[IpNetwork] = Field(
        default_factory=list,
        description="Who may use the trusted port, as addresses or networks. "
        "Others are turned away before they can say anything.",
    )
    proxy_networks: list[IpNetwork] = Field(
        default_factory=list,
        description="Load balancers that begin every connection with a PROXY header, version 1 or "
        "2. From them it is required, from others it is refused; the client it names is the "
        "one that counts.",
    )
    xclient_networks: list[IpNetwork] = Field(
        default_factory=list,
        description="Mail servers in front that may say with XCLIENT for which client they speak.",
    )
    hostname: str = Field(
        default_factory=_own_name,
        pattern=r"^[A-Za-z0-9.-]{1,253}$",
        description="The name in the greeting and in Received lines.",
    )
    tls_certificate: Path | None = Field(
        None, description="PEM file with the certificate chain shown to mail clients."
    )
    tls_key: Path | None = Field(None, description="PEM file with its private key.")
    max_message: ByteSize = Field(
        ByteSize(50 << 20), ge=1 << 10, description="Largest message accepted, as in 50 MiB."
    )
    recipients: int = Field(100, ge=1, le=1000, description="Most recipients of one message.")
    messages: int = Field(200, ge=1, description="Most messages on one connection.")
    connections: int = Field(500, ge=1, description="Most connections at the same time.")
    connections_per_ip: int = Field(
        50, ge=1, description="Most from one address; trusted networks are not counted."
    )
    user_messages: int = Field(
        0, ge=0, description="Most messages of one user within an hour; 0: as many as they like."
    )
    user_recipients: int = Field(
        0, ge=0, description="Most recipients of one user within an hour; 0: as many as they like."
    )
    idle_seconds: float = Field(
        300, gt=0, description="Longest silence before a connection is closed (RFC 5321 asks 300)."
    )
    handshake_seconds: float = Field(30, gt=0, description="Longest TLS handshake.")
    data_seconds: float = Field(
        3600, gt=0, description="Longest time for the content of one message to arrive."
    )
    data_bytes_per_second: int = Field(
        512, ge=0, description="Slowest average accepted, after the first minute of a message."
    )
    commit_seconds: float = Field(
        600, gt=0, description="Longest wait for the answer to a whole message."
    )
    relay_seconds: float = Field(
        45,
        gt=0,
        description="Longest wait for the next hop while the client waits for us; then the "
        "message is queued. Mail programs give up after about a minute.",
    )
    processes: int = Field(
        0,
        ge=0,
        le=64,
        description="Processes that take mail in, on the same ports; 0: one for each processor.",
    )
    workers: int = Field(
        8, ge=1, le=64, description="Threads of each for sealing, deciding and checking passwords."
    )
    extraction_processes: int = Field(
        2,
        ge=1,
        le=32,
        description="Processes that read attachments, if the policy asks for them, shared out "
        "among those that take mail in, one each at least. Mails of 8 MiB or more are read beside "
        "them, one at a time. Each takes up to 300 MB while it reads.",
    )

    @property
    def sharing(self) -> int:
        """How many processes share the ports. Where a port is any free one, it is one process."""
        open_ports = filter(None, (self.starttls, self.tls, self.trusted))
        if any(split_listen_address(address)[1] == 0 for address in open_ports):
            return 1
        return self.processes or len(os.sched_getaffinity(0))

    @model_validator(mode="after")
    def _doors_can_be_kept(self) -> Self:
        if bool(self.tls_certificate) is not bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key belong together")
        if (self.starttls or self.tls) and not self.tls_certificate:
            raise ValueError(
                "the submission ports (starttls, tls) need tls_certificate and tls_key: passwords "
                'are never taken over an open line. starttls = "" and tls = "" switch them off'
            )
        if self.trusted and not self.trusted_networks:
            raise ValueError("the trusted port needs trusted_networks: it asks for no password")
        return self
