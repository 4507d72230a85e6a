"""A whole policy file: its sections, and the lists, groups and agreements that its rules name."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from policies.detectors.custom import MOST_DETECTORS
from policies.language.annotations import Day, OneOf, OneOrMany
from policies.language.schema.detectors import OwnDetector
from policies.language.schema.part import FILE_NAME, AgreementName, ListName, Part, Words
from policies.language.schema.rule import Rule
from policies.language.schema.settings import Settings

LIST_KINDS = ("domains", "mailboxes", "addresses")


class ListSource(Part):
    """Where the entries of a list come from: a file, the policy itself, or both."""

    kind: Annotated[str, OneOf("kind of list", lambda: LIST_KINDS)] = Field(
        description="`domains` (nhs.net, .gov.uk), `mailboxes` (the part before the @) "
        "or `addresses` (whole addresses)."
    )
    file: Annotated[str, Field(max_length=100, pattern=FILE_NAME)] | None = Field(
        default=None,
        description="A text file beside the policy, or one of the lists that come with Sealgate.",
    )
    entries: list[Words] = Field(default=[], description="Entries written here.")


class Group(Part):
    """People who belong together: whoever any of these lines names."""

    noun: ClassVar[str] = "key of a group"
    addresses: Annotated[list[Words], OneOrMany()] = Field(
        default=[], description="These addresses, in any case."
    )
    domains: Annotated[list[Words], OneOrMany()] = Field(
        default=[], description="Everybody in these domains."
    )
    mailboxes: Annotated[list[Words], OneOrMany()] = Field(
        default=[], description="Whoever has this part before the @, at any domain."
    )
    in_list: Annotated[list[Words], OneOrMany()] = Field(
        default=[], description="Whoever is on these lists."
    )


class Agreement(Part):
    """An information-sharing agreement: with whom, what for, until when."""

    noun: ClassVar[str] = "key of an agreement"
    partner: Words = Field(description="With whom it was made, as people call them.")
    purpose: Words = Field(description="What the information is shared for.")
    domains: Annotated[list[Words], OneOrMany(), Field(min_length=1)] = Field(
        description="The partner's mail domains: nhs.net is exact, .gov.uk every subdomain."
    )
    starts: Annotated[date, Day()] | None = Field(
        default=None, description="The first day on which it is in force, such as `2026-04-01`."
    )
    expires: Annotated[date, Day()] = Field(
        description="The last day on which it is in force, in London. Afterwards it does not hold."
    )


class PolicyFile(Part):
    """A whole policy file."""

    noun: ClassVar[str] = "section"
    version: Annotated[int, Field(ge=1, le=1)] = Field(description="The language's version: 1.")
    settings: Settings = Field(
        default=Settings(), description="What counts as marked, and how sealed mail may be used."
    )
    lists: dict[ListName, ListSource] = Field(default={}, description="Named lists for `in_list`.")
    groups: dict[ListName, Group] = Field(
        default={}, description="Named groups of people for `in_group`."
    )
    agreements: dict[AgreementName, Agreement] = Field(
        default={}, description="Information-sharing agreements for the condition `agreement`."
    )
    detectors: Annotated[dict[ListName, OwnDetector], Field(max_length=MOST_DETECTORS)] = Field(
        default={},
        description="Detectors of your own, by the names that rules use; at most 20.",
    )
    rules: list[Rule] = Field(
        min_length=1, description="Read top to bottom for each recipient; all rules are read."
    )
