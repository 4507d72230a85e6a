"""What may be said about an address, wherever a condition asks about one."""

from typing import Annotated, ClassVar

from pydantic import Field

from policies.language.annotations import OneOrMany, YesNo
from policies.language.schema.part import Part, Words


class AddressTest(Part):
    """What an address is. Envelope addresses are read, never header fields."""

    noun: ClassVar[str] = "test of an address"
    in_list: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None, description="The address is on any of these lists."
    )
    in_group: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None, description="The address belongs to any of these groups."
    )
    address: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None, description="The address is any of these, in any case."
    )
    domain: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description='The domain is any of these. "nhs.net" is exact, ".gov.uk" every subdomain.',
    )
    mailbox: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None, description="The part before the @ is any of these, such as `info`."
    )


class RecipientTest(AddressTest):
    """What a recipient is, and what the sender's past says about it."""

    first_time: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="`yes`: the sender has never written to this address through Sealgate, as "
        "far back as its history goes.",
    )
    near_miss: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="`yes`: the address looks like one that the sender often writes to, or its "
        "domain like one of ours, and is not.",
    )
