"""What may stand under `settings`: marks, partners, and the terms of sealed mail."""

from typing import Annotated, ClassVar

from pydantic import Field

from policies.language.annotations import OneOf, OneOrMany
from policies.language.schema.outcomes import SealTerms
from policies.language.schema.part import GUID, Part, Words

SENSITIVITIES = ("personal", "private", "company-confidential")


class MsipLabel(Part):
    """A Microsoft sensitivity label of our own tenant. Names of labels are not unique: ids are."""

    tenant: Annotated[str, Field(pattern=GUID)] = Field(description="The tenant's id (a GUID).")
    label: Annotated[str, Field(pattern=GUID)] = Field(description="The label's id (a GUID).")
    called: Words = Field(description="What staff call it; for people who read this file.")


class Partners(Part):
    """Domains that are neither ours nor just anybody's, for `direction: partner`."""

    noun: ClassVar[str] = "key of partners"
    domains: Annotated[list[Words], OneOrMany()] = Field(
        default=[], description="These domains: nhs.net is exact, .gov.uk every subdomain."
    )
    in_list: Annotated[list[Words], OneOrMany()] = Field(
        default=[], description="The domains on these lists as well."
    )
    except_: Annotated[list[Words], OneOrMany()] = Field(
        default=[],
        alias="except",
        description="The domains on these lists are no partners after all.",
    )


class Settings(Part):
    """What counts as marked, who is a partner, and how sealed mail may be used."""

    noun: ClassVar[str] = "setting"
    sensitivity: Annotated[
        list[Annotated[str, OneOf("sensitivity", lambda: SENSITIVITIES)]], OneOrMany()
    ] = Field(
        default=["private", "company-confidential"],
        description="Values of Outlook's Sensitivity header that mark a mail.",
    )
    subject_tags: Annotated[list[Words], OneOrMany()] = Field(
        default=["secure", "encrypt", "confidential"],
        description="Words that mark a mail when they stand in [square brackets] in the subject.",
    )
    protective_markings: Annotated[list[Words], OneOrMany()] = Field(
        default=["CONFIDENTIAL", "OFFICIAL-SENSITIVE"],
        description="Words that mark a mail when they stand in the subject. Words written here "
        "in capitals are matched in capitals only; a hyphen also matches a space or dash.",
    )
    msip_labels: list[MsipLabel] = Field(
        default=[], description="Microsoft sensitivity labels that mark a mail."
    )
    partners: Partners = Field(
        default=Partners(),
        description="Whose recipients are partners; nobody's, unless written.",
    )
    seal: SealTerms = Field(
        default=SealTerms(), description="Terms of every sealed mail; a rule may set its own."
    )
