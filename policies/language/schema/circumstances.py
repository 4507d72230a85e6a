"""What may be said about the circumstances of a mail: how many, when, which way, what marking."""

from datetime import time
from typing import Annotated, ClassVar

from pydantic import Field

from policies.language.annotations import OneOf, OneOrMany, TimeOfDay
from policies.language.schema.part import Part, Words

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = (*WEEKDAYS, "weekdays", "weekend")
MARKINGS = ("OFFICIAL", "OFFICIAL-SENSITIVE", "SECRET", "TOP SECRET")
ROUTES = ("verified",)
HEADER_NAME = r"^[!-9;-~]{1,76}$"


class CountTest(Part):
    """How many there are."""

    noun: ClassVar[str] = "test of a number"
    more_than: Annotated[int, Field(ge=0, le=100_000)] = Field(
        description="There are more than this many."
    )


class HeaderTest(Part):
    """What a header field holds. A sender can write any header: never lower protection by one."""

    noun: ClassVar[str] = "test of a header"
    name: Annotated[str, Field(pattern=HEADER_NAME)] = Field(
        description="The field's name, such as `X-Classification`, in any case."
    )
    contains: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description="Any of these words stands in it; without this line the field need only "
        "be there.",
    )


class MarkingTest(Part):
    """The protective marking of the mail (Government Security Classifications)."""

    noun: ClassVar[str] = "test of the marking"
    at_least: Annotated[str, OneOf("marking", lambda: MARKINGS)] = Field(
        description="The highest marking found is this or a higher one: `OFFICIAL`, "
        "`OFFICIAL-SENSITIVE`, `SECRET` or `TOP SECRET`."
    )


class TimeTest(Part):
    """When the mail is sent, on the clock of London, summer time included."""

    noun: ClassVar[str] = "test of the time"
    days: (
        Annotated[
            list[Annotated[str, OneOf("day", lambda: DAYS)]], OneOrMany(), Field(min_length=1)
        ]
        | None
    ) = Field(
        default=None,
        description="On any of these days: `monday` to `sunday`, `weekdays` or `weekend`. For "
        "hours past midnight the day on which they began counts.",
    )
    from_: Annotated[time, TimeOfDay()] | None = Field(
        default=None, alias="from", description="From this time on, such as `18:00`."
    )
    to: Annotated[time, TimeOfDay()] | None = Field(
        default=None,
        description="Until just before this time; earlier than `from` means the next day.",
    )


class RouteTest(Part):
    """How the mail would travel to the recipient."""

    noun: ClassVar[str] = "test of the route"
    tls: Annotated[str, OneOf("route", lambda: ROUTES)] = Field(
        description="`verified`: by TLS to a server whose name was verified."
    )
