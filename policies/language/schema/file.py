"""A whole policy file: its sections, and the lists that its rules name."""

from typing import Annotated, ClassVar

from pydantic import Field

from policies.language.schema.part import FILE_NAME, ListName, Part, Words
from policies.language.schema.rule import Rule
from policies.language.schema.settings import Settings
from policies.language.vocabulary import OneOf

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


class PolicyFile(Part):
    """A whole policy file."""

    noun: ClassVar[str] = "section"
    version: Annotated[int, Field(ge=1, le=1)] = Field(description="The language's version: 1.")
    settings: Settings = Field(
        default=Settings(), description="What counts as marked, and how sealed mail may be used."
    )
    lists: dict[ListName, ListSource] = Field(default={}, description="Named lists for `in_list`.")
    rules: list[Rule] = Field(
        min_length=1, description="Read top to bottom for each recipient; all rules are read."
    )
