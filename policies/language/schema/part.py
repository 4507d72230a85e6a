"""What every piece of a policy file has in common, and the shapes of the words in it.

For the other modules of the schema. Promises that a key which is not described is an error.
"""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from policies.detectors import DETECTORS
from policies.detectors.groups import GROUPS
from policies.language.vocabulary import OneOf

RULE_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
LIST_NAME = r"^[a-z][a-z0-9_]*$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*\.txt$"
GUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"

Words = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\r\n]*\S[^\r\n]*$")]
DetectorName = Annotated[str, OneOf("detector", lambda: [*DETECTORS, *GROUPS])]
ListName = Annotated[str, Field(max_length=60, pattern=LIST_NAME)]
AgreementName = Annotated[str, Field(max_length=60, pattern=RULE_NAME)]


class Part(BaseModel):
    """A piece of a policy file; `noun` is what its keys are called in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    noun: ClassVar[str] = "key"


def keys_of(part: type[Part]) -> list[str]:
    """List the keys of a piece of a policy file, as they are written there."""
    return [info.alias or name for name, info in part.model_fields.items()]
