"""`sealgate policy explain`: the installation's policy and domains, or those that are named."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from sealgate.commands.policy import files
from tests.sealgate.governed import opened
from tests.sealgate.node import POLICY, Node, run
from vault.address import Address
from vault.packages.history import OFTEN, note

COLLEAGUE = "bob@council.example"


@pytest.fixture
def mail(tmp_path: Path) -> str:
    file = tmp_path / "mail.eml"
    file.write_bytes(b"From: jo@elsewhere.example\r\nSubject: [secure] Agenda\r\n\r\nHello.\r\n")
    return str(file)


def outcome(*words: str) -> str:
    result = run("policy", "explain", *words, "--json")
    assert result.exit_code == 0, result.output
    (recipient,) = json.loads(result.output)["recipients"]
    return str(recipient["outcome"])


def test_the_settings_name_policy_and_domains(bare: Node, mail: str) -> None:
    config = str(bare.config)
    assert outcome(mail, "--to", COLLEAGUE, "--config", config) == "relay"
    assert outcome(mail, "--to", "jo@elsewhere.example", "--config", config) == "seal"
    policy = bare.folder / "policy.yaml"
    policy.write_text(policy.read_text().replace("    then: seal\n", "    then: relay\n"))
    assert outcome(mail, "--to", "jo@elsewhere.example", "--config", config) == "relay"


def test_what_is_named_wins_over_the_settings(bare: Node, mail: str) -> None:
    config = str(bare.config)
    named = ("--domain", "other.example", "--policy", "council", "--config", config)
    assert outcome(mail, "--to", COLLEAGUE, *named) == "seal"


def test_the_rosters_of_the_installation_are_known(bare: Node, tmp_path: Path) -> None:
    mail, table = tmp_path / "green.eml", tmp_path / "pupils.csv"
    mail.write_bytes(b"From: jo@elsewhere.example\r\nSubject: about rose green\r\n\r\nHello.\r\n")
    table.write_text("Forename,Surname\nRose,Green\n")
    to = ("--to", COLLEAGUE, "--policy", "council", "--config", str(bare.config))
    assert "found: a person's name" not in run("policy", "explain", str(mail), *to).output
    assert bare.type("policy", "roster", "import", str(table)).exit_code == 0
    assert "found: a person's name" in run("policy", "explain", str(mail), *to).output


PAST = """\
version: 1
rules:
  - name: new-to-the-sender
    when: {recipient: {first_time: yes}}
    then: seal
  - name: look-alike
    when: {recipient: {near_miss: yes}}
    then: hold
    tell_sender: Check the address.
"""


def test_whom_the_sender_has_written_to_is_known(bare: Node, mail: str) -> None:
    (bare.folder / "policy.yaml").write_text(PAST)
    config = ("--config", str(bare.config))
    known, near = "pat.green@partner.example", "pat.greem@partner.example"
    assert outcome(mail, "--to", known, *config) == "seal", "nobody has been written to yet"
    with closing(opened(bare)) as store:
        for _ in range(OFTEN):
            with store.writing() as tx:
                note(tx, Address.parse("jo@elsewhere.example"), [Address.parse(known)])
    assert outcome(mail, "--to", known, *config) == "relay"
    assert outcome(mail, "--to", near, *config) == "hold"


def test_a_past_that_cannot_be_read_is_said(bare: Node, mail: str) -> None:
    (bare.folder / "policy.yaml").write_text(PAST)
    (bare.folder / "vault").mkdir()
    (bare.folder / "vault" / "sealgate.sqlite").write_bytes(b"no database" * 1000)
    to = ("--to", "pat.green@partner.example", "--config", str(bare.config))
    result = run("policy", "explain", mail, *to)
    assert result.exit_code == 0
    assert "new-to-the-sender" in result.output
    assert "whom senders have written to is not known here" in result.output


def test_a_domain_that_is_none_is_an_error(mail: str) -> None:
    words = ("--to", COLLEAGUE, "--policy", str(POLICY), "--domain", "not a domain")
    result = run("policy", "explain", mail, *words)
    assert result.exit_code == 2
    assert "not a domain" in result.output


def test_without_a_node_it_asks_for_a_policy(
    mail: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "DEFAULT_PATH", tmp_path / "nothing.toml")
    asked = run("policy", "explain", mail, "--to", COLLEAGUE)
    assert asked.exit_code == 2
    assert "--policy" in asked.output.partition("Error:")[2]
