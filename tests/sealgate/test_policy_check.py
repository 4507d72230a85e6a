"""`sealgate policy check`: several files, errors and warnings, and the exit code."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealgate.commands.policy import files as settings_files
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


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A settings file in a folder that this account may not look into, also where it is root."""
    file = tmp_path / "locked" / "sealgate.toml"
    file.parent.mkdir()
    file.touch()
    file.parent.chmod(0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    yield file
    os.seteuid(was)
    file.parent.chmod(0o700)


def test_settings_of_another_account_are_a_sentence_with_a_way_out(
    locked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings_files, "DEFAULT_PATH", locked)
    with pytest.raises(SystemExit):
        settings_files.installed(None)
    assert "sudo -u sealgate" in capsys.readouterr().err
