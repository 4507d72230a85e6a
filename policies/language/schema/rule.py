"""One rule: its name, when it fires, what then, and what the sender is told."""

from typing import Annotated

from pydantic import Field

from policies.language.schema.conditions import Conditions
from policies.language.schema.outcomes import OUTCOMES, SealTerms
from policies.language.schema.part import RULE_NAME, Part
from policies.language.vocabulary import OneOf


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
    then: Annotated[str, OneOf("outcome", lambda: [str(o) for o in OUTCOMES])] = Field(
        description="`refuse`, `seal` or `relay`. The most protective outcome of all rules wins."
    )
    tell_sender: str = Field(
        default="",
        description="For `refuse`: one sentence or two, under 180 characters, that say what to do. "
        "`{found}` stands for what the detectors found, in words.",
    )
    seal: SealTerms | None = Field(
        default=None, description="For `seal`: terms that differ from `settings: seal:`."
    )
