"""Words of the policy language: what may stand in a place, and the nearest right one.

For the schema and for the sentences about a broken file. Promises that a wrong word is always
answered with the words allowed there. Must never accept a word by guessing.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from policies.errors import quoted
from policies.language import durations

# What administrators of other mail products would write.
SYNONYMS: Mapping[str, str] = {
    "allow": "relay",
    "bcc": "recipient",
    "block": "refuse",
    "condition": "when",
    "conditions": "when",
    "deliver": "relay",
    "deny": "refuse",
    "encrypt": "seal",
    "from": "sender",
    "if": "when",
    "inbound": "internal",
    "message": "tell_sender",
    "nhs": "nhs_number",
    "nino": "national_insurance_number",
    "dob": "date_of_birth",
    "outbound": "external",
    "pass": "relay",
    "reject": "refuse",
    "send": "relay",
    "to": "recipient",
    "unless": "except",
}


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word that `word` was probably meant to be, if any."""
    names = list(allowed)
    tidy = word.strip().casefold().replace("-", "_").replace(" ", "_")
    for candidate in (tidy, SYNONYMS.get(tidy, "")):
        for name in names:
            if name.replace("-", "_") == candidate:
                return name
    close = difflib.get_close_matches(tidy, names, n=1, cutoff=0.6)
    return close[0] if close else None


def unknown_word(noun: str, word: object, allowed: Iterable[str]) -> PydanticCustomError:
    """Return the error for a word that is not one of `allowed`, for `policies.language.wording`."""
    names = list(allowed)
    close = nearest(word, names) if isinstance(word, str) else None
    return wrong(
        f"unknown {noun} {quoted(str(word))}",
        allowed=", ".join(names),
        mend=f"did you mean {quoted(close)}?" if close else "",
    )


def wrong(found: str, allowed: str = "", mend: str = "") -> PydanticCustomError:
    """Return an error that already speaks plain English, for `policies.language.wording`."""
    context = {"found": found, "allowed": allowed, "mend": mend}
    return PydanticCustomError("plain", "{found}", context)


@dataclass(frozen=True, slots=True)
class OneOf:
    """Annotation for a word out of a fixed set; `noun` names the kind of word in errors."""

    noun: str
    names: Callable[[], Iterable[str]]

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept one of the names."""
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors offer the names."""
        return {"type": "string", "enum": list(self.names())}

    def _check(self, value: object) -> str:
        names = list(self.names())
        if isinstance(value, str) and value in names:
            return value
        raise unknown_word(self.noun, value, names)


@dataclass(frozen=True, slots=True)
class YesNo:
    """Annotation for a switch: yes or no; true and false are understood."""

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept yes or no."""
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors offer the words, whichever version of YAML they read."""
        return {"enum": ["yes", "no", True, False]}

    def _check(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        if value in ("yes", "no"):
            return value == "yes"
        raise wrong(f"{quoted(str(value))} is not yes or no", allowed="yes, no")


@dataclass(frozen=True, slots=True)
class LengthOfTime:
    """Annotation for a length of time such as `30 days`."""

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept what `policies.language.durations` reads."""
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors check the shape."""
        return {"type": "string", "pattern": f"^{durations.PATTERN}$"}

    def _check(self, value: Any) -> timedelta:
        try:
            return durations.parse_duration(str(value))
        except ValueError as error:
            found = f"{quoted(str(value))} is no length of time"
            raise wrong(found, allowed=durations.EXAMPLE) from error


@dataclass(frozen=True, slots=True)
class OneOrMany:
    """Annotation for a list that may also be written as its single entry."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept a list, or one entry for a list of one."""
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors accept both."""
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def _as_list(value: object) -> object:
    return value if isinstance(value, list) or value is None else [value]
