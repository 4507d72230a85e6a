"""Annotations of the policy language: how a value may be written, and how editors check it.

For the models of policy files and of golden cases. Promises that one annotation says both what is
accepted and what the JSON Schema shows. Must never accept a value by guessing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from policies.errors import quoted
from policies.language import durations, quantities
from policies.language.vocabulary import unknown_word, wrong
from vault.packages import hours


class Checked(ABC):
    """Annotation for a value that is read by `check` alone, whatever the type beside it says."""

    __slots__ = ()

    @abstractmethod
    def check(self, value: Any) -> Any:
        """Return what was written as the program uses it. Raises PydanticCustomError."""

    @abstractmethod
    def shape(self) -> JsonSchemaValue:
        """Return what editors are told."""

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept what `check` accepts."""
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors check the shape."""
        return self.shape()


class Shortened(ABC):
    """Annotation for a value that has shorter forms, which `spelt_out` makes long."""

    __slots__ = ()

    @abstractmethod
    def spelt_out(self, value: object) -> object:
        """Return the long form of what was written; what is no form at all, as it is."""

    @abstractmethod
    def forms(self, long: JsonSchemaValue) -> JsonSchemaValue:
        """Return what editors are told: the long form, and the others."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept every form and give the long one."""
        return core_schema.no_info_before_validator_function(self.spelt_out, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors accept every form."""
        return self.forms(handler(schema))


@dataclass(frozen=True, slots=True)
class OneOf(Checked):
    """Annotation for a word out of a fixed set; `noun` names the kind of word in errors."""

    noun: str
    names: Callable[[], Iterable[str]]

    def check(self, value: object) -> str:
        """Accept one of the names."""
        names = list(self.names())
        if isinstance(value, str) and value in names:
            return value
        raise unknown_word(self.noun, value, names)

    def shape(self) -> JsonSchemaValue:
        """Let editors offer the names."""
        return {"type": "string", "enum": list(self.names())}


@dataclass(frozen=True, slots=True)
class YesNo(Checked):
    """Annotation for a switch: yes or no; true and false are understood."""

    def check(self, value: object) -> bool:
        """Accept yes or no."""
        if isinstance(value, bool):
            return value
        if value in ("yes", "no"):
            return value == "yes"
        raise wrong(f"{quoted(str(value))} is not yes or no", allowed="yes, no")

    def shape(self) -> JsonSchemaValue:
        """Let editors offer the words, whichever version of YAML they read."""
        return {"enum": ["yes", "no", True, False]}


@dataclass(frozen=True, slots=True)
class Written(Checked):
    """Annotation for a value written as text; `what` names it in errors: "length of time"."""

    what: str
    parse: Callable[[str], Any]
    example: str
    pattern: str

    def check(self, value: Any) -> Any:
        """Accept what `parse` reads."""
        try:
            return self.parse(str(value))
        except ValueError as error:
            raise wrong(f"{quoted(str(value))} is no {self.what}", allowed=self.example) from error

    def shape(self) -> JsonSchemaValue:
        """Let editors check the pattern."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}


@dataclass(frozen=True, slots=True)
class LengthOfTime(Written):
    """Annotation for a length of time such as `30 days`."""

    what: str = "length of time"
    parse: Callable[[str], Any] = durations.parse_duration
    example: str = durations.EXAMPLE
    pattern: str = durations.PATTERN


@dataclass(frozen=True, slots=True)
class HoursOfTheWeek(Written):
    """Annotation for hours of the week such as `Mon-Fri 08:00-18:00 Europe/London`."""

    what: str = "set of opening hours"
    parse: Callable[[str], Any] = hours.OpenHours.parse
    example: str = hours.EXAMPLE
    pattern: str = hours.PATTERN


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
class OneOrMany(Shortened):
    """Annotation for a list that may also be written as its single entry."""

    def spelt_out(self, value: object) -> object:
        """Make a list of one of a single entry."""
        return value if isinstance(value, list) or value is None else [value]

    def forms(self, long: JsonSchemaValue) -> JsonSchemaValue:
        """Let editors accept both."""
        return {"anyOf": [long["items"], long]}
