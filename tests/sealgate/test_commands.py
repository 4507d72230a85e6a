"""The command line: what an administrator types, what is printed, and the exit code."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sealgate.node import PASSWORD, POLICY, TOP, Node, everything_below, run

JO = "jo.bloggs@council.example"
HEAVY = ("sqlalchemy", "sqlmodel", "aiohttp", "aiosmtpd", "cryptography", "pydantic", "re2")
ROOMS = ("gateway", "policies", "vault", "webreader")

# --- help


def imported_by(*words: str) -> set[str]:
    """The top-level modules that a command imports, in a process of its own."""
    script = (
        "import sys; from sealgate.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print('|', *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, cwd=TOP, check=True
    )
    return set(done.stdout.rpartition("|")[2].split())


def test_help_imports_no_room() -> None:
    """This is what keeps it within 0.3 s."""
    assert not imported_by("--help") & {*HEAVY, *ROOMS}


def test_the_check_of_imports_sees_imports() -> None:
    assert {"sqlalchemy", "vault"} <= imported_by("user", "list", "--help")


def test_help_lists_every_command_and_each_has_help() -> None:
    said = run("--help").output
    for name in ("demo", "serve", "keys", "user", "queue", "policy", "doctor"):
        assert f"\n  {name} " in said
        assert "Usage:" in run(name, "--help").output


def test_an_unknown_word_is_an_error_with_a_hint() -> None:
    result = run("sevre")
    assert result.exit_code == 2
    assert "No such command 'sevre'" in result.output


# --- keys


def test_keys_are_made_for_the_owner_alone(bare: Node) -> None:
    result = bare.type("keys", "init")
    assert result.exit_code == 0
    assert stat.S_IMODE(bare.keys.stat().st_mode) == 0o700
    for path in bare.keys.iterdir():
        if path.suffix in {".private", ".secret"}:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_the_file_to_back_up_is_named_by_its_name(bare: Node) -> None:
    said = bare.type("keys", "init").output.split()
    assert [word for word in said if (bare.keys / word).is_file()] == [
        "vault.private",
        "audit.public",
    ]


def test_keys_are_never_replaced(ready: Node) -> None:
    before = everything_below(ready.keys)
    result = ready.type("keys", "init")
    assert result.exit_code == 1
    assert "no keys were made" in result.output
    assert everything_below(ready.keys) == before


def test_one_key_that_is_left_is_enough_to_refuse(ready: Node) -> None:
    for path in ready.keys.iterdir():
        if path.name != "relay.public":
            path.unlink()
    assert ready.type("keys", "init").exit_code == 1
    assert [path.name for path in ready.keys.iterdir()] == ["relay.public"]


# --- users


def test_a_user_is_added_listed_and_removed(ready: Node) -> None:
    add = ready.type(
        "user", "add", JO, "--alias", "press@council.example", "--password-stdin", stdin=PASSWORD
    )
    assert (add.exit_code, add.output) == (0, f"{JO} may now send.\n")
    assert ready.type("user", "list").output == f"{JO}\n"
    assert ready.type("user", "remove", JO).exit_code == 0
    assert ready.type("user", "list").output == ""


def test_the_password_may_be_typed_twice_unseen(ready: Node) -> None:
    result = ready.type("user", "add", JO, stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output


def test_a_login_in_capitals_is_the_same_user(ready: Node) -> None:
    ready.type("user", "add", "Jo.Bloggs@Council.Example", "--password-stdin", stdin=PASSWORD)
    assert ready.type("user", "list").output == f"{JO}\n"


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (("add", "nobody", "--password-stdin"), PASSWORD, "no @"),
        (("add", JO, "--alias", "nobody", "--password-stdin"), PASSWORD, "no @"),
        (("add", JO, "--password-stdin"), "short", "8 to 1024"),
        (("add", "taken@council.example", "--password-stdin"), PASSWORD, "is a user's already"),
        (("remove", JO), "", "is not a user"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    words: tuple[str, ...], password: str, said: str, ready: Node
) -> None:
    ready.type("user", "add", "taken@council.example", "--password-stdin", stdin=PASSWORD)
    result = ready.type("user", *words, stdin=password)
    assert result.exit_code == 1
    assert result.output.startswith("sealgate: ")
    assert said in result.output
    assert len(result.output.splitlines()) == 1
    assert ready.type("user", "list").output == "taken@council.example\n"


def test_wrong_settings_are_told_by_every_command(bare: Node) -> None:
    bare.spoil("[vault]", "[valut]")
    for words in (("user", "list"), ("keys", "init"), ("doctor",), ("serve",)):
        result = bare.type(*words)
        assert result.exit_code == (78 if words == ("serve",) else 1), words
        assert f"{bare.config}: 'valut' is not a setting. Did you mean 'vault'?" in result.output


# --- serve


def spoilt_policy(node: Node) -> None:
    (node.folder / "policy.yaml").write_text("version: 1\nrules:\n  - name: x\n    then: refuze\n")


def served(node: Node) -> "subprocess.CompletedProcess[str]":
    """What `sealgate serve` says before it ends; it forks, so it is a process of its own."""
    words = [sys.executable, "-m", "sealgate", "serve", "--config", str(node.config)]
    return subprocess.run(words, capture_output=True, text=True, cwd=TOP, timeout=60, check=False)


def test_serve_refuses_to_start_and_says_why(ready: Node) -> None:
    spoilt_policy(ready)
    result = served(ready)
    assert result.returncode == 78
    assert result.stderr.startswith("sealgate: not started.\n")
    assert "policy.yaml:4: rule 'x': unknown outcome 'refuze'" in result.stderr
    assert "did you mean 'refuse'?" in result.stderr
    assert f"The policy {ready.folder / 'policy.yaml'} cannot be used:\n" in result.stderr
    assert "`sealgate policy status`" in result.stderr


def test_serve_refuses_to_start_without_keys(bare: Node) -> None:
    result = served(bare)
    assert result.returncode == 78
    assert "vault.public" in result.stderr


# --- policy


def test_policy_check_says_good(bare: Node) -> None:
    result = run("policy", "check", str(POLICY))
    assert result.exit_code == 0
    assert re.match(rf"{POLICY}: good. [0-9]+ rules, policy ", result.output)


def test_policy_check_names_file_line_rule_and_mend(bare: Node) -> None:
    spoilt_policy(bare)
    result = run("policy", "check", str(bare.folder / "policy.yaml"))
    assert result.exit_code == 1
    assert "policy.yaml:4: rule 'x': unknown outcome 'refuze'" in result.output
    assert "did you mean 'refuse'?" in result.output
    assert run("policy", "check", str(bare.folder / "none.yaml")).exit_code == 1


def saved_mail(folder: Path, subject: str) -> str:
    file = folder / "mail.eml"
    file.write_bytes(
        f"From: {JO}\r\nTo: pat@solicitors.example\r\nSubject: {subject}\r\n\r\nHello.\r\n".encode()
    )
    return str(file)


@pytest.mark.parametrize(
    ("subject", "to", "outcome", "rule"),
    [
        ("Agenda", "pat@solicitors.example", "relay", ""),
        ("[secure] Draft", "pat@solicitors.example", "seal", "seal-marked-mail"),
        ("Agenda", "someone@gmail.com", "refuse", "no-personal-webmail"),
        (
            "NHS number 999 012 3408",
            "pat@solicitors.example",
            "refuse",
            "no-personal-data-in-subject",
        ),
    ],
)
def test_policy_explain_says_what_and_why(
    subject: str, to: str, outcome: str, rule: str, tmp_path: Path
) -> None:
    words = (
        "policy",
        "explain",
        saved_mail(tmp_path, subject),
        "--to",
        to,
        "--policy",
        str(POLICY),
    )
    result = run(*words)
    assert result.exit_code == 0
    assert outcome in result.output
    assert rule in result.output
    assert "012" not in result.output, "what was found is not shown"
    told = json.loads(run(*words, "--json").output)
    assert outcome in json.dumps(told)


def test_policy_explain_refuses_what_is_no_address(tmp_path: Path) -> None:
    mail = saved_mail(tmp_path, "Agenda")
    result = run("policy", "explain", mail, "--to", "nobody", "--policy", str(POLICY))
    assert result.exit_code == 2
    assert "nobody is not an address" in result.output
