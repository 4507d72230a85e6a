"""Plain English for what pydantic found wrong in a policy file.

For the loader. Promises a line, the rule's name, what was found and what is allowed for every
error, and the nearest right word for a key that does not exist. Must never show pydantic's own
words where an administrator would have to guess.
"""

import types
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policies.errors import Problem, quoted
from policies.language import schema
from policies.language.vocabulary import nearest
from policies.language.yamltree import Tree

_SHAPES: Mapping[str, str] = {
    schema.RULE_NAME: "lower-case words joined by hyphens, such as no-webmail",
    schema.LIST_NAME: "lower-case words joined by underscores, such as own_schools",
    schema.FILE_NAME: "the name of a .txt file, without a folder",
    schema.GUID: "an id such as 01234567-89ab-cdef-0123-456789abcdef",
    schema.HEADER_NAME: "the name of a header field, such as X-Classification",
    schema.LABEL: "one line of ASCII text, such as a library card number",
    schema.EXTENSION: "the end of a file name, such as exe",
}
_WANTED: Mapping[str, str] = {
    "dict_type": "keys and values",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "keys and values",
    "string_type": "text (put it in quotes)",
}


def problems_in(
    error: ValidationError, tree: Tree, file: str, root: type[BaseModel] = schema.PolicyFile
) -> list[Problem]:
    """Return one Problem for each error that pydantic reports about a file that `root` describes.

    Every model in `root` says in `noun` what its keys are called.
    """
    return [_problem(details, tree, file, root) for details in error.errors()]


def rule_at(path: tuple[str | int, ...], data: Any) -> str:
    """Return the name of the rule that a path lies in, "" if there is none."""
    match path:
        case ("rules", int(index), *_):
            try:
                name = data["rules"][index]["name"]
            except (KeyError, TypeError):
                return f"number {index + 1}"
            return name if isinstance(name, str) else f"number {index + 1}"
    return ""


def _problem(details: ErrorDetails, tree: Tree, file: str, root: type[BaseModel]) -> Problem:
    path = details["loc"]
    if details["type"] in _ABOUT_KEYS:
        found, allowed, mend = _ABOUT_KEYS[details["type"]](details, root)
    else:
        found, allowed, mend = _SAY.get(details["type"], _other)(details)
    return Problem(file, tree.line(path), rule_at(path, tree.data), found, allowed, mend)


Said = tuple[str, str, str]


def _plain(details: ErrorDetails) -> Said:
    context = details["ctx"]
    return context["found"], context["allowed"], context["mend"]


def _unknown_key(details: ErrorDetails, root: type[BaseModel]) -> Said:
    *parents, key = details["loc"]
    model = _model_at(parents, root)
    keys = [info.alias or name for name, info in model.model_fields.items()]
    close = nearest(str(key), keys)
    mend = f"did you mean {quoted(close)}?" if close else ""
    return f"unknown {_noun(model)} {quoted(str(key))}", ", ".join(keys), mend


def _missing(details: ErrorDetails, root: type[BaseModel]) -> Said:
    *parents, key = details["loc"]
    model = _model_at(parents, root)
    return f"the {_noun(model)} {quoted(str(key))} is missing", "", ""


def _wrong_shape(details: ErrorDetails) -> Said:
    wanted = _SHAPES.get(details["ctx"]["pattern"], "one line of text")
    return f"{_place(details)} is {_shown(details['input'])}", wanted, ""


def _wrong_type(details: ErrorDetails) -> Said:
    wanted = _WANTED[details["type"]]
    return f"{_place(details)} is {_shown(details['input'])}", wanted, ""


def _too_short(details: ErrorDetails) -> Said:
    return f"{_place(details)} is empty", "at least one entry", ""


def _too_long(details: ErrorDetails) -> Said:
    return f"{_place(details)} is too long", f"{details['ctx']['max_length']} characters", ""


def _out_of_range(details: ErrorDetails) -> Said:
    limits, number = details["ctx"], _shown(details["input"])
    if details["loc"] == ("version",):
        return f"{_place(details)} is {number}", "1", ""
    allowed = f"{limits['ge']} or more" if "ge" in limits else f"at most {limits['le']}"
    return f"{_place(details)} is {number}", allowed, ""


def _other(details: ErrorDetails) -> Said:
    return f"{_place(details)}: {details['msg']}", "", ""


_ABOUT_KEYS: Mapping[str, Callable[[ErrorDetails, type[BaseModel]], Said]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
}
_SAY: Mapping[str, Callable[[ErrorDetails], Said]] = {
    "greater_than_equal": _out_of_range,
    "less_than_equal": _out_of_range,
    "plain": _plain,
    "string_pattern_mismatch": _wrong_shape,
    "string_too_long": _too_long,
    "string_too_short": _too_short,
    "too_short": _too_short,
    **dict.fromkeys(_WANTED, _wrong_type),
}


def _place(details: ErrorDetails) -> str:
    """Return what an error is about: a key, an entry of a list, or the name of an entry."""
    *parents, last = details["loc"]
    if last == "[key]":
        return "the name"
    if isinstance(last, int):
        return f"an entry of {quoted(str(parents[-1]))}"
    return quoted(last)


def _shown(value: object) -> str:
    match value:
        case None:
            return "empty"
        case str() | int():
            return quoted(str(value))
        case list():
            return "a list"
    return "keys and values"


def _noun(model: type[BaseModel]) -> str:
    return str(getattr(model, "noun", "key"))


def _model_at(path: list[int | str], root: type[BaseModel]) -> type[BaseModel]:
    """Return the model that describes the place `path` leads to."""
    model = root
    for step in path:
        for name, info in model.model_fields.items():
            if isinstance(step, str) and step in (name, info.alias):
                model = _model_in(info.annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside an annotation such as `list[Rule]` or `Conditions | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, list, dict):
        found = (_model_in(inner) for inner in get_args(annotation))
        return next((model for model in found if model is not None), None)
    return None
