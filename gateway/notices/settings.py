"""What an administrator decides about the mails Sealgate writes itself.

Promises that whatever goes into a header is one printable line, and that a signature fits the
sender (DMARC alignment, RFC 9989). Must never hold the DKIM key itself, only where it is.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vault.address import Address
from vault.typed import MailAddress, PrintableLine, ZoneName

_SELECTOR = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.(?!$)|$))*")


class NoticeSettings(BaseModel):
    """Sender, subject, time zone and signature of notices, codes and bounces."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender: MailAddress = Field(
        "secure@example.gov.uk",
        description="Address that notices come from. Use a domain of yours whose SPF record "
        "names the next hop, and for which dkim_key signs.",
    )
    return_path: MailAddress = Field(
        "",
        description="Address that other mail servers return undeliverable notices to. "
        "Empty: the null address, and nothing comes back.",
    )
    subject: PrintableLine = Field(
        "Secure message from {organisation}",
        min_length=1,
        max_length=150,
        description="Subject of a notice; {organisation} stands for the organisation's name. "
        "The reference is added. Never the subject of the message.",
    )
    time_zone: ZoneName = Field(
        "Europe/London", description="Times in notices are given in this time zone."
    )
    reports: bool = Field(
        True,
        description="Whether senders are told, by one mail a day at most, of sealed messages that "
        "somebody has not opened: halfway through their time, before it ends, and when it has.",
    )
    report_hour: int = Field(
        8, ge=0, le=23, description="From which hour of the day on such mails are sent."
    )
    dkim_selector: str = Field("", description="DKIM selector; empty: notices are not signed.")
    dkim_key: Path | None = Field(
        None, description="PEM file with the DKIM private key (RSA from 2048 bits, or Ed25519)."
    )
    dkim_domain: str = Field(
        "", description="Domain that signs; empty: the sender's. Or a parent of it."
    )

    @cached_property
    def sender_address(self) -> Address:
        """The sender as an address."""
        return Address.parse(self.sender)

    @cached_property
    def return_address(self) -> Address | None:
        """The return path as an address, None for the null path."""
        return Address.parse(self.return_path) if self.return_path else None

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def signing_domain(self) -> str:
        """The domain a signature is made for."""
        return self.dkim_domain.lower() or self.sender_address.domain

    @field_validator("dkim_selector")
    @classmethod
    def _a_label(cls, value: str) -> str:
        if _SELECTOR.fullmatch(value) is None:
            raise ValueError("must be letters, digits and hyphens, such as 2026a")
        return value

    @model_validator(mode="after")
    def _signature_fits(self) -> Self:
        if not self.sender:
            raise ValueError("sender must be a mail address")
        if bool(self.dkim_selector) is not (self.dkim_key is not None):
            raise ValueError("dkim_selector and dkim_key belong together")
        if not f".{self.sender_address.domain}".endswith(f".{self.signing_domain}"):
            raise ValueError("dkim_domain must be the sender's domain or a parent of it")
        return self
