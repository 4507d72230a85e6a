"""The published reference says what the loader does."""

import json
from collections.abc import Iterator

import pytest

from policies.conditions import COMPILERS
from policies.language import schema
from policies.language.loader import load_text
from policies.language.reference import PAGE_FILE, SCHEMA_FILE, json_schema, page

MEND = "run: python -m policies.language.reference"


def every_part(root: type[schema.Part] = schema.Part) -> Iterator[type[schema.Part]]:
    for part in root.__subclasses__():
        yield part
        yield from every_part(part)


def test_the_published_schema_is_the_schema():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json_schema(), MEND


def test_the_published_tables_are_the_models():
    text = PAGE_FILE.read_text(encoding="utf-8")
    assert page(text) == text, MEND


def test_every_part_of_the_language_has_a_table():
    text = PAGE_FILE.read_text(encoding="utf-8")
    for part in every_part():
        assert f"<!-- made from {part.__name__} -->" in text


OUTCOMES = (*schema.OUTCOMES, schema.WARN)


@pytest.mark.parametrize("words", [schema.FLAG_KINDS, OUTCOMES, schema.LIST_KINDS])
def test_every_word_of_the_hand_written_tables_is_there(words):
    text = PAGE_FILE.read_text(encoding="utf-8")
    for word in words:
        assert f"| `{word}` |" in text


def test_every_key_is_described():
    for part in every_part():
        for name, info in part.model_fields.items():
            assert info.description, f"{part.__name__}.{name}"


def test_every_condition_of_the_schema_has_a_compiler():
    assert list(COMPILERS) == list(schema.Conditions.model_fields)


def test_the_schema_forbids_unknown_keys_and_offers_the_words():
    made = json.loads(json_schema())
    objects = [made, *made["$defs"].values()]
    assert all(thing["additionalProperties"] is False for thing in objects)
    rule = made["$defs"]["Rule"]["properties"]
    assert rule["then"]["enum"] == ["refuse", "hold", "seal", "relay", "warn"]
    assert "except" in rule
    finds = made["$defs"]["TextTest"]["properties"]["finds"]["anyOf"]
    assert "nhs_number" in finds[0]["anyOf"][0]["enum"]
    assert "null" not in json_schema()


def test_the_examples_of_conditions_are_conditions_and_none_is_missing():
    text = PAGE_FILE.read_text(encoding="utf-8")
    block = text.partition("One example of each:")[2].partition("```yaml\n")[2].partition("```")[0]
    lines = [line.partition("  #")[0].rstrip() for line in block.splitlines()]
    assert [line.partition(":")[0] for line in lines] == list(schema.Conditions.model_fields)
    head = (
        "version: 1\nsettings: {partners: {domains: nhs.net}}\n"
        "groups: {data_office: {mailboxes: exams}}\n"
        "agreements:\n"
        "  youth-justice: {partner: P, purpose: x, domains: nhs.net, expires: 2030-01-01}\n"
    )
    for line in lines:
        load_text(f"{head}rules:\n  - name: a\n    when: {{{line}}}\n    then: seal\n")
