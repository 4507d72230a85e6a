"""What a rule may say under `then`, and the terms that go with it.

A new outcome is a word in `OUTCOMES` and its place in `policies.decision`.
"""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from policies.decision import Outcome
from policies.language.schema.part import Part
from policies.language.vocabulary import LengthOfTime, YesNo

OUTCOMES = (Outcome.REFUSE, Outcome.SEAL, Outcome.RELAY)


class SealTerms(Part):
    """How a sealed mail may be used."""

    noun: ClassVar[str] = "seal setting"
    expires_after: Annotated[timedelta, LengthOfTime()] | None = Field(
        default=None, description="How long recipients may open it; the shortest wins."
    )
    replies: Annotated[bool, YesNo()] | None = Field(
        default=None, description="Whether recipients may answer in the reader; `no` wins."
    )
