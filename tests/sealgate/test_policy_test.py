"""`sealgate policy test`: which policy and which cases it takes, and how it ends."""

import json
from pathlib import Path

import pytest

from tests.sealgate.node import POLICY, Node, run

CASE = """cases:
  - name: an agenda goes out
    from: jo@council.example
    to: pat@solicitors.example
    subject: Agenda
    expect: {expect}
"""


def with_cases(node: Node, expect: str = "relay") -> Path:
    """Put a folder of cases beside the node's policy."""
    folder = node.folder / "policy.cases"
    folder.mkdir(exist_ok=True)
    (folder / "own.yaml").write_text(CASE.replace("{expect}", expect))
    return folder


def test_a_starter_is_found_by_its_name() -> None:
    result = run("policy", "test", "council")
    assert result.exit_code == 0
    assert result.output.startswith("council: ")
    assert result.output.endswith("cases, all as expected.\n")


def test_the_installation_s_own_policy_and_domains_are_taken(bare: Node) -> None:
    with_cases(bare)
    result = bare.type("policy", "test", "--all")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "policy.cases/own.yaml",
        "    ok    an agenda goes out (line 2)",
        "policy: 1 case, all as expected.",
    ]


def test_a_failed_case_ends_with_one_and_says_what_differed(bare: Node) -> None:
    with_cases(bare, expect="seal")
    result = bare.type("policy", "test")
    assert result.exit_code == 1
    assert "pat@solicitors.example: expected seal, got relay" in result.output
    machine = bare.type("policy", "test", "--json")
    assert machine.exit_code == 1
    assert json.loads(machine.output)["failed"] == 1


def test_a_broken_policy_fails_the_cases_of_the_good_one(bare: Node) -> None:
    text = POLICY.read_text(encoding="utf-8")
    worse = bare.folder / "worse.yaml"
    fewer = "[nhs_number, national_insurance_number, postcode, date_of_birth, phone,"
    fewer += " email_address, payment_card]"
    worse.write_text(text.replace("finds: identifiers", f"finds: {fewer}", 1))
    assert worse.read_text() != text
    cases = str(POLICY.with_name("council.cases"))
    result = run("policy", "test", str(worse), "--cases", cases)
    assert result.exit_code == 1
    assert "FAILED  a pupil number in the subject is refused" in result.output
    assert result.output.count("FAILED") == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("test", "nowhere.yaml"), 1, "nowhere.yaml: the file cannot be read"),
        (("test", "council", "--only", "no such words"), 2, "No case has such a name"),
    ],
)
def test_what_cannot_be_tested_is_said(words: tuple[str, ...], code: int, said: str) -> None:
    result = run("policy", *words)
    assert result.exit_code == code
    assert said in result.output


def test_a_policy_without_cases_says_where_to_put_them(bare: Node) -> None:
    result = bare.type("policy", "test")
    assert result.exit_code == 1
    assert "policy.cases: no file of cases is there" in result.output
