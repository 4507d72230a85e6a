"""Where sealed contents lie, as the administrator writes it.

Promises that a secret key is never shown, whatever is printed of the settings.
"""

import os
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

CREDENTIAL = "s3-secret-access-key"  # the name of the credential that systemd may hand over
_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9._-]+)*)/?")


class ContentsSettings(BaseModel):
    """Where sealed content lies that is too large for the database: a folder, or an S3 store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    s3: str = Field(
        "",
        description="An S3 store, as s3://bucket/prefix. New content is kept there; what lies in "
        "the folder stays readable, and `sealgate move` brings it over. Empty: the folder. Needs "
        "the extra sealgate[s3].",
    )
    leaving_s3: bool = Field(
        False,
        description="Keep new content in the folder although `s3` is set: for moving back.",
    )
    endpoint: str = Field(
        "",
        description="The store's address, such as https://s3.example.gov.uk. Empty: Amazon's.",
    )
    region: str = Field("", description="The store's region. Empty: us-east-1.")
    virtual_hosted: bool = Field(
        False,
        description="Whether `endpoint` has the bucket in its name, instead of in the path.",
    )
    authorities: Path | None = Field(
        None, description="PEM file of further authorities that may vouch for the store."
    )
    access_key_id: str = Field(
        "",
        description="The name of the access key. Empty: AWS_ACCESS_KEY_ID in the environment, or "
        "what the machine or container is given by its cloud.",
    )
    secret_access_key: SecretStr = Field(
        SecretStr(""),
        description="The access key itself. Better in a file, or as the systemd credential "
        f"{CREDENTIAL}.",
    )
    secret_access_key_file: Path | None = Field(
        None, description="A file that holds the access key, readable by the node alone."
    )
    timeout: timedelta = Field(
        default=timedelta(seconds=15),
        gt=timedelta(0),
        description="How long one request to the store may take, and how long a failed one is "
        "tried again.",
    )
    upload_within: timedelta = Field(
        default=timedelta(seconds=60),
        gt=timedelta(0),
        description="How long one content may take to be kept, and a second more for each MiB; "
        "then the mail is answered 451.",
    )

    @property
    def bucket(self) -> str:
        """The bucket, or an empty text."""
        found = _S3.fullmatch(self.s3)
        return found[1] if found else ""

    @property
    def prefix(self) -> str:
        """What the names of all objects begin with, without slashes around it."""
        found = _S3.fullmatch(self.s3)
        return found[2].strip("/") if found else ""

    def secret(self) -> str:
        """Return the access key, from wherever it is kept, or an empty text; raises OSError."""
        if given := self.secret_access_key.get_secret_value():
            return given
        if self.secret_access_key_file is not None:
            return self.secret_access_key_file.read_text("ascii").strip()
        handed_over = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"), CREDENTIAL)
        return handed_over.read_text("ascii").strip() if handed_over.is_file() else ""

    @field_validator("s3")
    @classmethod
    def _is_a_bucket(cls, value: str) -> str:
        if value and not _S3.fullmatch(value):
            raise ValueError("must be s3://bucket or s3://bucket/prefix")
        return value

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        found = urlsplit(value)
        if value and not (found.scheme in {"https", "http"} and found.hostname):
            raise ValueError("must begin with https://")
        if found.username or found.query or found.fragment:
            raise ValueError("must be an address and nothing else")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _belong_together(self) -> "ContentsSettings":
        if self.secret_access_key.get_secret_value() and self.secret_access_key_file is not None:
            raise ValueError("secret_access_key and secret_access_key_file exclude each other")
        if self.secret_access_key.get_secret_value() and not self.access_key_id:
            raise ValueError("secret_access_key needs access_key_id")
        return self
