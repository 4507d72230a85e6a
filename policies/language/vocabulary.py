"""Words of the policy language: what may stand in a place, and the nearest right one.

For the schema and for the sentences about a broken file. Promises that a wrong word is always
answered with the words allowed there. Must never accept a word by guessing.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from policies.errors import quoted
from policies.language import durations, quantities

# What administrators of other mail products would write.
SYNONYMS: Mapping[str, str] = {
    "allow": "relay",
    "attachments": "attachment",
    "bcc": "recipient",
    "block": "refuse",
    "certain": "sure",
    "classification": "marking",
    "content": "body",
    "condition": "when",
    "conditions": "when",
    "deliver": "relay",
    "deny": "refuse",
    "doc": "document",
    "encrypt": "seal",
    "excel": "spreadsheet",
    "exe": "executable",
    "from": "sender",
    "highest": "critical",
    "if": "when",
    "inbound": "internal",
    "message": "tell_sender",
    "nhs": "nhs_number",
    "nino": "national_insurance_number",
    "dob": "date_of_birth",
    "outbound": "external",
    "partners": "partner",
    "picture": "image",
    "pass": "relay",
    "quarantine": "hold",
    "reject": "refuse",
    "send": "relay",
    "to": "recipient",
    "text": "body",
    "unless": "except",
    "word": "document",
}


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word that `word` was probably meant to be, if any."""
    spelt = {_tidy(name): name for name in allowed}
    tidy = _tidy(word)
    for candidate in (tidy, SYNONYMS.get(tidy, "")):
        if candidate in spelt:
            return spelt[candidate]
    close = difflib.get_close_matches(tidy, spelt, n=1, cutoff=0.6)
    return spelt[close[0]] if close else None


def _tidy(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


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
class Written:
    """Annotation for a value written as text; `what` names it in errors: "length of time"."""

    what: str
    parse: Callable[[str], Any]
    example: str
    pattern: str

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept what `parse` reads."""
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors check the shape."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}

    def _check(self, value: Any) -> Any:
        try:
            return self.parse(str(value))
        except ValueError as error:
            raise wrong(f"{quoted(str(value))} is no {self.what}", allowed=self.example) from error


@dataclass(frozen=True, slots=True)
class LengthOfTime(Written):
    """Annotation for a length of time such as `30 days`."""

    what: str = "length of time"
    parse: Callable[[str], Any] = durations.parse_duration
    example: str = durations.EXAMPLE
    pattern: str = durations.PATTERN


@dataclass(frozen=True, slots=True)
class Size(Written):
    """Annotation for a size such as `10 MB`, in bytes."""

    what: str = "size"
    parse: Callable[[str], Any] = quantities.parse_size
    example: str = quantities.SIZE_EXAMPLE
    pattern: str = quantities.SIZE_PATTERN


@dataclass(frozen=True, slots=True)
class TimeOfDay(Written):
    """Annotation for a time of day such as `17:30`."""

    what: str = "time of day"
    parse: Callable[[str], Any] = quantities.parse_clock
    example: str = quantities.CLOCK_EXAMPLE
    pattern: str = quantities.CLOCK_PATTERN


@dataclass(frozen=True, slots=True)
class Day(Written):
    """Annotation for a date such as `2027-03-31`."""

    what: str = "date"
    parse: Callable[[str], Any] = quantities.parse_day
    example: str = quantities.DAY_EXAMPLE
    pattern: str = quantities.DAY_PATTERN


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
