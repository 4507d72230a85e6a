"""Values in files of golden cases: addresses, moments, domains, file names.

For the models of `policies.trials.case_schema`. Promises errors in plain English, as for a policy.
"""

import re
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field
from pydantic.json_schema import JsonSchemaValue

from policies.errors import quoted
from policies.language.annotations import Checked
from policies.language.vocabulary import wrong
from policies.settings import domain_entry
from vault.address import Address
from vault.errors import AddressError

LONDON = ZoneInfo("Europe/London")
NULL_SENDER = "<>"

FILE = r"[A-Za-z0-9][A-Za-z0-9_. -]{0,99}"
ONE_LINE = r"^[^\r\n]*$"

Line = Annotated[str, Field(max_length=5000, pattern=ONE_LINE)]
RuleName = Annotated[str, Field(min_length=1, max_length=60)]


class MailAddress(Checked):
    """Annotation for an address; `<>`, where a sender is expected, is the null sender."""

    def __init__(self, *, sender: bool = False) -> None:
        self._sender = sender

    def check(self, value: object) -> str:
        """Accept what is an address, and keep it as it was written."""
        if self._sender and value == NULL_SENDER:
            return NULL_SENDER
        try:
            Address.parse(value if isinstance(value, str) else "")
        except AddressError:
            raise wrong(
                f"{quoted(str(value))} is not an address", allowed="such as jo@example.org"
            ) from None
        return str(value)

    def shape(self) -> JsonSchemaValue:
        """Let editors check that it is text."""
        return {"type": "string"}


class Moment(Checked):
    """Annotation for a moment: `2026-11-24 10:00`, Europe/London unless a zone is written."""

    def check(self, value: object) -> datetime:
        """Accept a date and time; give it as aware UTC."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise wrong(
                f"{quoted(str(value))} is not a date and time", allowed="2026-11-24 10:00"
            ) from None
        return moment.replace(tzinfo=moment.tzinfo or LONDON).astimezone(UTC)

    def shape(self) -> JsonSchemaValue:
        """Let editors check that it is text."""
        return {"type": "string"}


def _domain(value: object) -> str:
    try:
        return domain_entry(value if isinstance(value, str) else "")
    except ValueError:
        allowed = "such as example.gov.uk, or .example.gov.uk for its subdomains"
        raise wrong(f"{quoted(str(value))} is not a domain", allowed=allowed) from None


def _file_name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(FILE, value):
        return value
    raise wrong(f"{quoted(str(value))} is not a file name", allowed="a name without a folder")


FileName = Annotated[str, BeforeValidator(_file_name)]
OwnDomain = Annotated[str, BeforeValidator(_domain)]
Recipient = Annotated[str, MailAddress()]
