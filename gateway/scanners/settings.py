"""What an administrator decides about malware scanners.

Promises that a scanner which cannot be asked stops mail for the time being, unless the settings
say otherwise.
"""

import re
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ByteSize, ConfigDict, Field, model_validator

_HOST_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>\d{1,5})")
_SERVICE = re.compile(r"/?[A-Za-z0-9._~/?=&%-]{1,200}")
_LAST_PORT = 65535


class ScannerKind(StrEnum):
    """How a scanner is spoken to."""

    CLAMD = "clamd"
    ICAP = "icap"


class IcapMethod(StrEnum):
    """As what a mail is shown to an ICAP service."""

    RESPMOD = "RESPMOD"
    REQMOD = "REQMOD"


class WhenUnavailable(StrEnum):
    """What becomes of a mail when nobody can say whether it is clean."""

    REFUSE_FOR_NOW = "refuse_for_now"
    SEAL = "seal"
    LET_THROUGH = "pass"


class WhenTooLarge(StrEnum):
    """What becomes of a mail that the scanner does not look at as a whole."""

    REFUSE = "refuse"
    SEAL = "seal"
    LET_THROUGH = "pass"


class ScannerSettings(BaseModel):
    """A malware scanner that is asked about every mail, such as clamd; there may be several."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ScannerKind = Field(ScannerKind.CLAMD, description="clamd, or icap (RFC 3507).")
    address: str = Field(
        "/run/clamav/clamd.ctl",
        description="A socket's path (clamd only) or HOST:PORT. Mail goes there in the clear: "
        "this machine, or a network of your own.",
    )
    service: str = Field(
        "", description="ICAP: the name of the service, as in icap://HOST:PORT/NAME."
    )
    method: IcapMethod = Field(
        IcapMethod.RESPMOD, description="ICAP: RESPMOD or REQMOD, whichever the service offers."
    )
    timeout: float = Field(
        30, gt=0, le=300, description="Longest time for one mail, in seconds, waiting included."
    )
    max_size: ByteSize = Field(
        ByteSize(25 << 20),
        ge=1 << 10,
        description="Largest mail that the scanner looks at. For clamd no more than its own "
        "StreamMaxLength and MaxFileSize.",
    )
    at_once: int = Field(8, ge=1, le=100, description="Most mails that it is given at a time.")
    when_unavailable: WhenUnavailable = Field(
        WhenUnavailable.REFUSE_FOR_NOW,
        description="When it is down, slow or not understood: refuse_for_now (the sender's program "
        "tries again), seal (nothing unscanned leaves in the clear), or pass.",
    )
    when_too_large: WhenTooLarge = Field(
        WhenTooLarge.REFUSE,
        description="When a mail is larger than max_size, or than the scanner looks into: refuse "
        "(for good, since trying again would not help), seal, or pass.",
    )

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        found = _HOST_PORT.fullmatch(self.address)
        by_port = found is not None and 0 < int(found["port"]) <= _LAST_PORT
        by_path = self.kind is ScannerKind.CLAMD and self.address.startswith("/")
        if not (by_port or by_path):
            path = "" if self.kind is ScannerKind.ICAP else ", and no path that begins with /"
            raise ValueError(f"address is not HOST:PORT{path}")
        if (self.kind is ScannerKind.ICAP) is not bool(self.service):
            raise ValueError("an icap scanner needs a service, and clamd has none")
        if self.service and not _SERVICE.fullmatch(self.service):
            raise ValueError("service has a character that it cannot have")
        return self
