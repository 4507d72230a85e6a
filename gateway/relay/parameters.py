"""What a client asked of a mail beside the addresses, and what travels on with it.

Delivery status notifications (RFC 3461), internationalised mail (RFC 6531) and required TLS
(RFC 8689), as the SMTP door read them, as a queued row keeps them and as the next hop is told.

Promises that what is written as fields reads back the same, and that values stay as the client
encoded them: a relay must not change them (RFC 3461 section 5.1).
Must never hold a value that could end a command: the door's grammar lets none in.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from vault.address import Address

_XTEXT_BYTE = re.compile(r"\+([0-9A-F]{2})")
_UNITEXT_CHARACTER = re.compile(r"\\x\{([0-9A-F]{2,6})\}")


class Ret(StrEnum):
    """How much of the mail a report of failure shall return (RFC 3461 section 4.3)."""

    FULL = "FULL"
    HDRS = "HDRS"


class Notify(StrEnum):
    """When the sender wants to hear of a recipient (RFC 3461 section 4.1)."""

    NEVER = "NEVER"  # alone or not at all
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailParameters:
    """Of the whole mail.

    `smtputf8`: its header or return path is written in UTF-8, so a next hop must offer SMTPUTF8;
    recipients say for themselves whether they need it: see `needs_utf8`. `requiretls`: it may
    travel over verified TLS alone. `ret` is None where nothing was asked. `envid` is xtext, as
    the client wrote it; "" for none.
    """

    smtputf8: bool = False
    requiretls: bool = False
    ret: Ret | None = None
    envid: str = ""

    @property
    def envelope_id(self) -> str:
        """The envelope id in the clear: what a report says as Original-Envelope-Id."""
        return from_xtext(self.envid)

    @property
    def dsn(self) -> tuple[str, ...]:
        """The words for MAIL FROM where the next hop offers DSN."""
        ret = [f"RET={self.ret}"] if self.ret else []
        return (*ret, *([f"ENVID={self.envid}"] if self.envid else []))

    def for_sealed(self) -> Self:
        """Return what holds for sealed mail: no report may return its content."""
        return replace(self, ret=Ret.HDRS)

    def to_fields(self) -> dict[str, str]:
        """Return what is to be kept with a queued row: nothing where nothing was asked."""
        flags = {"smtputf8": self.smtputf8, "requiretls": self.requiretls}
        said = {"ret": str(self.ret or ""), "envid": self.envid}
        return {name: "yes" for name, on in flags.items() if on} | _filled(said)

    @classmethod
    def of_fields(cls, fields: Mapping[str, str]) -> Self:
        """Read what `to_fields` wrote, among other fields. Raise ValueError for anything else."""
        ret = fields.get("ret", "")
        return cls(
            smtputf8="smtputf8" in fields,
            requiretls="requiretls" in fields,
            ret=Ret(ret) if ret else None,
            envid=fields.get("envid", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientParameters:
    """Of one recipient. `notify` is empty where nothing was asked. `orcpt` as the client wrote it.

    Nothing asked means: told of a failure and perhaps of a delay (RFC 3461 section 4.1).
    """

    notify: frozenset[Notify] = frozenset()
    orcpt: str = ""

    def wants(self, what: Notify) -> bool:
        """Say whether the sender shall hear of it."""
        return what in (self.notify or {Notify.FAILURE, Notify.DELAY})

    @property
    def original(self) -> str:
        """`type;address` in the clear: what a report says as Original-Recipient; "" for none."""
        kind, _, address = self.orcpt.partition(";")
        if kind.lower() == "utf-8":
            return f"{kind};{from_unitext(address)}" if address else ""
        return f"{kind};{from_xtext(address)}" if address else ""

    @property
    def dsn(self) -> tuple[str, ...]:
        """The words for RCPT TO where the next hop offers DSN; ASCII, whatever was written."""
        chosen = ",".join(one for one in Notify if one in self.notify)
        notify = [f"NOTIFY={chosen}"] if chosen else []
        return (*notify, *([f"ORCPT={_ascii(self.orcpt)}"] if self.orcpt else []))

    def to_fields(self) -> dict[str, str]:
        """Return what is to be kept with a queued row: nothing where nothing was asked."""
        return _filled({"notify": ",".join(sorted(self.notify)), "orcpt": self.orcpt})

    @classmethod
    def of_fields(cls, fields: Mapping[str, str]) -> Self:
        """Read what `to_fields` wrote, among other fields. Raise ValueError for anything else."""
        words = filter(None, fields.get("notify", "").split(","))
        return cls(notify=frozenset(map(Notify, words)), orcpt=fields.get("orcpt", ""))


PLAIN_MAIL = MailParameters()
PLAIN_RECIPIENT = RecipientParameters()


def needs_utf8(mail: MailParameters, addresses: Iterable[Address | None]) -> bool:
    """Say whether one transaction with these addresses needs SMTPUTF8 (RFC 6531 section 3.4)."""
    return mail.smtputf8 or any(one is not None and not str(one).isascii() for one in addresses)


def from_xtext(text: str) -> str:
    """Decode xtext (RFC 3461 section 4): `+3D` is `=`."""
    return _XTEXT_BYTE.sub(lambda found: chr(int(found[1], 16)), text)


def from_unitext(text: str) -> str:
    r"""Decode an address of the utf-8 type (RFC 6533 section 3): `\x{E9}` is `é`."""
    return _UNITEXT_CHARACTER.sub(lambda found: chr(int(found[1], 16)), text)


def _ascii(orcpt: str) -> str:
    r"""Write every character beyond ASCII as `\x{…}`: utf-8-addr-xtext (RFC 6533 section 3)."""
    return "".join(one if one.isascii() else f"\\x{{{ord(one):02X}}}" for one in orcpt)


def _filled(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}
