"""The reference of the policy language, made from the models that read it.

For editors (`docs/reference/policy.schema.json`) and for people (the tables of
`docs/reference/policy.md`). Promises that both say what the loader does; a test compares them.
Run `python -m policies.language.reference` in a clone to write them anew.
Must never be needed at run time.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from policies.detectors import DETECTORS
from policies.language import schema

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
SCHEMA_FILE = FOLDER / "policy.schema.json"
PAGE_FILE = FOLDER / "policy.md"

_BLOCK = re.compile(r"(<!-- made from (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def json_schema(root: type[BaseModel] = schema.PolicyFile, title: str = "Sealgate policy") -> str:
    """Return the JSON Schema (2020-12) of a policy file, or of another model, as text."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    body = _tidy(root.model_json_schema(by_alias=True))
    return json.dumps({**head, **body}, indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """Return a schema without null, which no key accepts, and without generated titles."""
    if isinstance(node, list):
        return [_tidy(entry) for entry in node if entry != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    kept = {key: _tidy(value) for key, value in node.items() if not _is_noise(key, value)}
    choices = kept.get("anyOf", ())
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return kept


def _is_noise(key: str, value: object) -> bool:
    generated_title = key == "title" and isinstance(value, str)
    return generated_title or (key == "default" and (not value or isinstance(value, dict)))


def page(text: str, models: object = schema) -> str:
    """Return a reference page with every table renewed that is made from one of `models`."""
    return _BLOCK.sub(lambda found: f"{found[1]}{_table(found[2], models)}{found[3]}", text)


def _table(name: str, models: object) -> str:
    if name == "DETECTORS":
        rows = list(_detector_rows())
    else:
        rows = list(_field_rows(getattr(models, name)))
    return "\n".join(rows) + "\n"


def _field_rows(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | meaning |"
    yield "| --- | --- |"
    own = {name: info for name, info in model.model_fields.items() if name in model.__annotations__}
    for name, info in own.items():
        needed = " **Required.**" if info.is_required() else ""
        yield f"| `{info.alias or name}` | {info.description}{needed}{_default(info)} |"


def _default(info: FieldInfo) -> str:
    if info.is_required() or not isinstance(info.default, list) or not info.default:
        return ""
    return f" Unless written: `[{', '.join(info.default)}]`."


def _detector_rows() -> Iterator[str]:
    yield "| detector | the sender is told |"
    yield "| --- | --- |"
    for name, detector in DETECTORS.items():
        yield f"| `{name}` | {detector.label} |"


def write() -> None:
    """Write both files of the reference."""
    SCHEMA_FILE.write_text(json_schema(), encoding="utf-8")
    PAGE_FILE.write_text(page(PAGE_FILE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()
