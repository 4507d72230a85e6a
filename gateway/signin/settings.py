"""What an administrator decides about who may sign in, besides the users of this node.

Promises that a password is never configured onto a line that somebody else could read, and that
tokens are taken from one issuer, for one audience. Must never hold a default that trusts anybody.
"""

import ipaddress
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


def is_local(host: str | None) -> bool:
    """Say whether a host of a URL is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class LdapSettings(BaseModel):
    """The directory that mail users may sign in with; needs the extra `sealgate[ldap]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        "",
        pattern=r"^$|^ldaps?://[^/?#@]+/?$",
        description="Such as ldaps://directory.example.gov.uk; empty: no directory. ldap:// is "
        "secured by StartTLS, unless it is this machine.",
    )
    base: str = Field("", description="Where people are, as in ou=people,dc=example,dc=gov,dc=uk.")
    filter: str = Field(
        "(&(objectClass=person)(mail={login}))",
        description="Finds one person by what they type as user name, which stands for {login}.",
    )
    bind_dn: str = Field(
        "", description="Who looks people up: an account that may only read. Empty: anonymous."
    )
    bind_password: SecretStr = Field(SecretStr(""), description="The password for bind_dn.")
    address_attributes: list[str] = Field(
        ["mail", "proxyAddresses", "mailAlternateAddress"],
        min_length=1,
        description="Where a person's addresses stand. They may send as every one of them that is "
        "in organisation.domains; the first is the one they are known by.",
    )
    authorities: Path | None = Field(
        None, description="PEM file of the authorities to trust; empty means the system's."
    )
    timeout: timedelta = Field(
        timedelta(seconds=5), gt=timedelta(0), description="Limit for each step of a sign-in."
    )
    at_once: int = Field(4, ge=1, le=64, description="Most sign-ins asked of it at the same time.")

    @property
    def start_tls(self) -> bool:
        """Whether the connection begins in the clear and must be secured."""
        parts = urlsplit(self.url)
        return parts.scheme == "ldap" and not is_local(parts.hostname)

    @property
    def in_the_clear(self) -> bool:
        """Whether the directory is this machine, and asked without TLS."""
        return urlsplit(self.url).scheme == "ldap" and not self.start_tls

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if self.url and not self.base:
            raise ValueError("a directory needs a base: where in it people are")
        if self.url and "{login}" not in self.filter:
            raise ValueError("the filter needs {login} where the user name goes")
        if bool(self.bind_dn) is not bool(self.bind_password.get_secret_value()):
            raise ValueError("bind_dn and bind_password belong together")
        return self


class OauthSettings(BaseModel):
    """The issuer whose access tokens mail programs may sign in with (XOAUTH2, OAUTHBEARER)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(
        "",
        description="What tokens say in `iss`, exactly, such as "
        "https://login.example.gov.uk/realms/staff; empty: no tokens are taken.",
    )
    audience: str = Field(
        "", description="What they must name in `aud`: the name of Sealgate at the issuer."
    )
    keys_url: str = Field(
        "",
        description="Where the issuer publishes its keys (JWKS). Empty: where its "
        "/.well-known/openid-configuration says.",
    )
    address_claim: str = Field(
        "email", description="The claim with the address that a person is known by."
    )
    alias_claim: str = Field(
        "", description="A claim with a list of more addresses that are theirs. Empty: none."
    )
    scope: str = Field(
        "", description="A word that `scope` or `scp` must have, such as smtp.send. Empty: none."
    )
    authorities: Path | None = Field(
        None, description="PEM file of the authorities to trust; empty means the system's."
    )
    timeout: timedelta = Field(
        timedelta(seconds=5), gt=timedelta(0), description="Limit for fetching the keys."
    )

    @model_validator(mode="after")
    def _can_be_trusted(self) -> Self:
        if not self.issuer:
            return self
        if not self.audience:
            raise ValueError("tokens need an audience: those for other services must not work here")
        for url in filter(None, (self.issuer, self.keys_url)):
            parts = urlsplit(url)
            if parts.scheme != "https" and not (
                parts.scheme == "http" and is_local(parts.hostname)
            ):
                raise ValueError("the issuer and its keys must be at https:// addresses")
        return self
