"""The organisation itself, as the administrator describes it in `sealgate.toml`.

For every room that must name the organisation or know which mail domains are its own.
Promises that domains are in one canonical form and that the public address is usable in a link.
Must never hold a secret.
"""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vault.address import Address, canonical_domain
from vault.errors import AddressError
from vault.typed import MailAddress, PrintableLine

LIST_NAME = r"^[a-z][a-z0-9_]*$"
"""What lists, routes and sections are called, in a policy file and in the settings."""

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class OrganisationSettings(BaseModel):
    """Who sends: the name people see, the mail domains that are ours, where the reader lives."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[PrintableLine, Field(min_length=1, max_length=100)] = Field(
        default="Example Council",
        description="The organisation's name, as recipients see it in notices and in the reader.",
    )
    domains: list[str] = Field(
        default=["example.gov.uk"],
        min_length=1,
        description="Mail domains that are ours. Recipients there are internal. "
        'Exact names; ".example.gov.uk" also means every subdomain.',
    )
    contact: Annotated[PrintableLine, Field(max_length=200)] = Field(
        default="",
        description="Whom a puzzled recipient may call or write to, shown at the foot of notices.",
    )
    data_protection_officer: MailAddress = Field(
        default="",
        description="Mail address of whoever looks after data protection: told when a sender "
        "withdraws access to a message, and shown its incident report. Empty: nobody.",
    )
    public_url: str = Field(
        default="https://localhost:8443",
        description="Where recipients reach the reader: https, no path, no slash at the end.",
    )

    @property
    def officer(self) -> Address | None:
        """Who looks after data protection; None for nobody."""
        text = self.data_protection_officer
        return Address.parse(text) if text else None

    @field_validator("domains")
    @classmethod
    def _canonical_domains(cls, value: list[str]) -> list[str]:
        return [domain_entry(domain) for domain in value]

    @field_validator("public_url")
    @classmethod
    def _usable_in_a_link(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK_HOSTS:
            raise ValueError("must start with https://")
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("must be https://host or https://host:port")
        if parts.path.strip("/"):
            raise ValueError("must have no path after the host")
        return value.rstrip("/")


def domain_entry(text: str) -> str:
    """Return a domain in canonical form; a leading dot, for any subdomain, is kept.

    Raises ValueError if it is not a mail domain.
    """
    try:
        if text.startswith("."):  # ".uk" is a fair entry, so a first label is lent to it
            return canonical_domain(f"any{text}").removeprefix("any")
        return canonical_domain(text)
    except AddressError as error:
        raise ValueError("must be a mail domain such as example.gov.uk") from error
