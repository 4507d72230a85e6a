"""What an administrator decides about the audit trail outside the database.

Must never hold the key that signs it: that lies with the other keys.
"""

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class AuditSettings(BaseModel):
    """How the audit trail is signed, and who is told, so that nobody can cut it off unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    head_every: timedelta = Field(
        timedelta(seconds=60),
        ge=timedelta(seconds=1),
        description="How often a head is signed over what was written. What has not been signed "
        "yet can be changed without a trace by whoever can write to the database.",
    )
    heads_file: Path | None = Field(
        None,
        description="A file to which every head is appended, as a line of JSON. On another "
        "volume, or read by a log shipper, it shows what has been cut off. Not set: none.",
    )
    syslog: str = Field(
        "",
        pattern=r"^(|(udp|tcp|tls)://[^/?#@\s]+|unix:///[^\s]+)$",
        description="A syslog server (RFC 5424) that is told every head: tls://logs.example:6514, "
        "tcp://, udp:// or unix:///dev/log. Empty: none.",
    )
    webhook: str = Field(
        "",
        pattern=r"^(|https://[^\s]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/[^\s]*)$",
        description="A web address to which every head is posted as JSON: https://…, or http:// "
        "on this machine. Empty: none.",
    )
