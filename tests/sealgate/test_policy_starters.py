"""`sealgate policy starters` and `new`: a policy of one's own, to begin with."""

import filecmp
from pathlib import Path

import pytest

from tests.sealgate.node import TOP, run

STARTERS = TOP / "policies" / "starter"


def test_every_starter_is_named_with_what_it_is() -> None:
    said = run("policy", "starters").output
    for path in STARTERS.glob("*.yaml"):
        assert f"{path.stem} " in said
    assert "A school's policy for outgoing mail." in said


@pytest.mark.parametrize("name", [path.stem for path in STARTERS.glob("*.yaml")])
def test_a_copy_is_the_starter_with_its_cases_and_passes_them(name: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    made = run("policy", "new", name, str(file))
    assert made.exit_code == 0, made.output
    assert filecmp.cmp(file, STARTERS / f"{name}.yaml", shallow=False)
    assert run("policy", "check", "--strict", str(file)).exit_code == 0
    tested = run("policy", "test", str(file))
    assert tested.exit_code == 0, tested.output
    assert "all as expected" in tested.output


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("mine")
    result = run("policy", "new", "school", str(file))
    assert result.exit_code == 1
    assert "exists" in result.output
    assert file.read_text() == "mine"
    file.unlink()
    (tmp_path / "policy.cases").mkdir()
    assert run("policy", "new", "school", str(file)).exit_code == 1
    assert not file.exists()


def test_an_unknown_starter_is_answered_with_those_there_are() -> None:
    result = run("policy", "new", "hospital")
    assert result.exit_code == 2
    assert "charity, council, health, school" in result.output


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = run("policy", "new", "school", str(tmp_path / "nowhere" / "policy.yaml"))
    assert result.exit_code == 1
    assert result.output.endswith("nowhere. Make it first.\n")
