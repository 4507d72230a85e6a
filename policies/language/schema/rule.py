"""One rule: its name, when it fires, what then, and what the sender is told."""

from typing import Annotated

from pydantic import Field

from policies.language.annotations import OneOf, YesNo
from policies.language.schema.conditions import Conditions
from policies.language.schema.outcomes import (
    NEUTRAL,
    OUTCOMES,
    WARN,
    AddTerms,
    HoldTerms,
    RelayTerms,
    RemoveHeaders,
    SealTerms,
)
from policies.language.schema.part import RULE_NAME, Part


class Rule(Part):
    """When, what then, and what the sender is told."""

    name: Annotated[str, Field(max_length=60, pattern=RULE_NAME)] = Field(
        description="Lower-case words joined by hyphens; shown in logs, replies and the audit."
    )
    when: Conditions = Field(description="All conditions must hold for the rule to fire.")
    except_: Conditions | None = Field(
        default=None,
        alias="except",
        description="If all of these hold as well, the rule does not fire.",
    )
    then: Annotated[str, OneOf("outcome", lambda: [*map(str, OUTCOMES), WARN])] = Field(
        description="`refuse`, `hold`, `seal` or `relay`: the most protective outcome of all rules "
        "wins. "
        "Or `warn`: the mail goes as the other rules say, and its sender is sent a note."
    )
    shadow: Annotated[bool, YesNo()] = Field(
        default=False,
        description="`yes`: the rule only records. That it fires is logged and explained, and "
        "changes nothing that happens or that anybody is told.",
    )
    tell_sender: str = Field(
        default="",
        description="For `refuse`, `hold` and `warn`: one sentence or two, under 180 characters, "
        "that say what to do. "
        "`{found}` stands for what the detectors found, in words.",
    )
    hold: HoldTerms | None = Field(
        default=None, description="For `hold`: who brings it on its way, and how long it waits."
    )
    seal: SealTerms | None = Field(
        default=None,
        description="For `seal`, for `hold` if it is sealed instead, and for mail sealed because "
        "its `relay:` terms cannot be kept: terms that differ from `settings: seal:`.",
    )
    relay: RelayTerms | None = Field(
        default=None, description="For `relay`: TLS that is needed, and the way it goes."
    )
    add: AddTerms | None = Field(
        default=None,
        description="For `relay` and `warn`: statements appended to external mail, where that "
        "breaks no signature.",
    )
    subject: Annotated[str, OneOf("kind of subject", lambda: [NEUTRAL])] | None = Field(
        default=None,
        description="For `relay` and `warn`: `neutral` hides the subject and the names of "
        "attachments in the copy that is sent, and seals the mail as it was written.",
    )
    remove_headers: RemoveHeaders | None = Field(
        default=None,
        description="For `relay` and `warn`: headers that external mail leaves without. "
        "`internal` stands for those of mail servers and of Sealgate, `internal_received` for "
        "Received lines of private addresses; or names, which may end in `*`.",
    )

    @property
    def doubts_address(self) -> bool:
        """Whether it fires because an address looks like another: its sender may know better."""
        return self.when.recipient is not None and self.when.recipient.near_miss is True
