"""`sealgate policy check`: several files, errors and warnings, and the exit code."""

import json

import pytest

from tests.sealgate.node import POLICY, TOP, Node, run

GOLDEN = TOP / "tests" / "golden"
WARNED = GOLDEN / "warned_policy" / "unused-list.yaml"
BAD = GOLDEN / "bad_policy" / "unknown-flag.yaml"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ((POLICY,), 0),
        ((WARNED,), 0),
        ((BAD,), 1),
        ((POLICY, WARNED), 0),
        ((POLICY, BAD, WARNED), 1),
        (("--strict", POLICY), 0),
        (("--strict", WARNED), 1),
    ],
)
def test_the_exit_code_tells_whether_a_file_can_be_used(files: tuple[object, ...], code: int):
    assert run("policy", "check", *map(str, files)).exit_code == code


def test_each_file_is_spoken_of() -> None:
    said = run("policy", "check", str(POLICY), str(BAD), str(WARNED)).output
    assert f"{POLICY}: good. " in said
    assert "unknown-flag.yaml:4: rule 'a-rule': unknown flag" in said
    assert "warning: unused-list.yaml:3: the list 'ours' is used by no rule" in said
    assert f"{WARNED}: good. 1 rule, policy " in said
    assert f"{BAD}: good" not in said


def test_without_a_file_the_installation_s_policy_is_checked(bare: Node) -> None:
    result = bare.type("policy", "check")
    assert result.exit_code == 0
    assert result.output.startswith(f"{bare.folder / 'policy.yaml'}: good.")


def test_machines_read_the_same() -> None:
    result = run("policy", "check", str(BAD), str(WARNED), "--json")
    assert result.exit_code == 1
    bad, warned = json.loads(result.output)
    assert (bad["digest"], bad["warnings"]) == ("", [])
    assert bad["errors"][0]["file"] == "unknown-flag.yaml"
    assert warned["errors"] == []
    assert warned["warnings"][0]["line"] == 3
    assert len(warned["digest"]) == 64
