"""What an administrator decides about mail that comes back to our notices.

Promises that an address which would send mail round in circles is refused at start.
"""

from functools import cached_property
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vault.address import Address
from vault.typed import MailAddress

LONGEST_LOCAL = 64 - 30  # a token and its delimiter must fit into 64 (RFC 5321 4.5.3.1.1)


class BounceSettings(BaseModel):
    """Undeliverable notices and automatic answers, which come back to the trusted port."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: MailAddress = Field(
        "",
        description="Notices leave with this address as their return path, with a token put in: "
        "bounces@secure.example.gov.uk becomes bounces+TOKEN@secure.example.gov.uk. Your mail "
        "server must pass what comes to it on to the trusted port. Empty: notices leave with "
        "return_path of [notices], and nobody learns what becomes of them later.",
    )
    delimiter: Literal["+", "-", "="] = Field(
        "+", description="What stands between the address and the token: + - or =."
    )
    forward_to: MailAddress = Field(
        "",
        description="One of your mailboxes, for whatever else people send to this address or to "
        "the sender of notices. Empty: it is refused, with a sentence that says how to answer.",
    )

    @cached_property
    def base(self) -> Address | None:
        """The address as an address; None if nothing comes back."""
        return Address.parse(self.address) if self.address else None

    @cached_property
    def mailbox(self) -> Address | None:
        """Where other mail goes; None if it is refused."""
        return Address.parse(self.forward_to) if self.forward_to else None

    @cached_property
    def lead(self) -> str:
        """What stands before a token in the local part."""
        return f"{self.base.local.lower()}{self.delimiter}" if self.base else ""

    def with_token(self, token: str) -> Address | None:
        """Return the return path of one notice."""
        if self.base is None or not token:
            return self.base
        return Address(f"{self.lead}{token}", self.base.domain)

    def token_in(self, address: Address) -> str | None:
        """Return the token in an address of ours, "" if it has none; None for any other address."""
        base = self.base
        if base is None or address.domain != base.domain:
            return None
        local = address.local.lower()
        if local == base.local.lower():
            return ""
        return local.removeprefix(self.lead) if local.startswith(self.lead) else None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.base is not None and len(self.base.local) > LONGEST_LOCAL:
            raise ValueError(f"address: at most {LONGEST_LOCAL} characters before the @")
        if self.base is not None and not str(self.base).isascii():
            raise ValueError("address: must be in ASCII")
        if self.mailbox is not None and self.token_in(self.mailbox) is not None:
            raise ValueError("forward_to must not be the address that bounces come back to")
        return self
