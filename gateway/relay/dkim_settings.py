"""For which domains passing mail is signed, as the administrator writes it.

Apart from the signing, because every command reads the settings and few sign.
Must never hold a key: the settings name the file that does.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vault.domain import canonical_domain
from vault.errors import AddressError


class DkimSettings(BaseModel):
    """A domain whose mail is signed when it is passed on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str = Field(description="The domain in the From line.")
    selector: str = Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$",
        description="The name of the key in the DNS, before ._domainkey and the domain.",
    )
    key: Path = Field(
        description="PEM file with the private key: RSA of 2048 bits or more, or Ed25519."
    )

    @field_validator("domain")
    @classmethod
    def _canonical(cls, value: str) -> str:
        try:
            return canonical_domain(value)
        except AddressError as error:
            raise ValueError(f"is not a domain: {error}") from error
