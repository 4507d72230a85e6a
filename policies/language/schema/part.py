"""What every piece of a policy file has in common, and the shapes of the words in it.

For the other modules of the schema. Promises that a key which is not described is an error.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from policies.detectors import DETECTORS
from policies.detectors.groups import GROUPS
from policies.language.vocabulary import unknown_word
from policies.settings import LIST_NAME

RULE_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*\.txt$"
GUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"


@dataclass(frozen=True, slots=True)
class DetectorWord:
    """Annotation for the name of a detector or a group: what ships, and what the file adds.

    The names that the file adds are in the context of the validation, under `detectors`.
    """

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept one of the names."""
        return core_schema.with_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors offer the names that ship, and accept those of the file."""
        shipped = {"type": "string", "enum": [*DETECTORS, *GROUPS]}
        return {"anyOf": [shipped, {"type": "string", "pattern": LIST_NAME}]}

    def _check(self, value: object, info: core_schema.ValidationInfo) -> str:
        own = (info.context or {}).get("detectors", ())
        names = [*DETECTORS, *GROUPS, *own]
        if isinstance(value, str) and value in names:
            return value
        raise unknown_word("detector", value, names)


Words = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\r\n]*\S[^\r\n]*$")]
DetectorName = Annotated[str, DetectorWord()]
ListName = Annotated[str, Field(max_length=60, pattern=LIST_NAME)]
AgreementName = Annotated[str, Field(max_length=60, pattern=RULE_NAME)]


class Part(BaseModel):
    """A piece of a policy file; `noun` is what its keys are called in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    noun: ClassVar[str] = "key"


def keys_of(part: type[Part]) -> list[str]:
    """List the keys of a piece of a policy file, as they are written there."""
    return [info.alias or name for name, info in part.model_fields.items()]
