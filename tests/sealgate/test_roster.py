"""`sealgate policy roster`: import, list, remove; what a node reads, and who may read it."""

import stat

import pytest

from policies.detectors.names.person_name import PERSON_NAME
from policies.errors import PolicyError
from policies.text.view import normalise
from sealgate import settings
from sealgate.policy import ruling
from tests.sealgate.node import Node

TABLE = "Forename,Surname\nPansy,Wood\nWill,Power\n"


@pytest.fixture
def node(ready: Node) -> Node:
    ready.spoil("[policy]\n", f'[policy]\nrosters = "{ready.folder / "rosters"}"\n')
    (ready.folder / "people.csv").write_text(TABLE)
    return ready


def imported(node: Node) -> str:
    done = node.type("policy", "roster", "import", str(node.folder / "people.csv"))
    assert done.exit_code == 0, done.output
    return done.output


def known(text: str) -> bool:
    return bool(PERSON_NAME.find(normalise(text)))


def test_a_node_knows_the_names_of_its_roster(node: Node) -> None:
    assert not known("will power today")
    assert "2 marks" in imported(node)
    ruling.load(settings.load(node.config))
    assert known("will power today")


def test_neither_file_names_anybody_nor_is_open_to_others(node: Node) -> None:
    imported(node)
    marks = node.folder / "rosters" / "people.roster"
    key = settings.load(node.config).keys_folder / "roster.key"
    for file in (marks, key):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert not any(name in file.read_bytes().lower() for name in (b"pansy", b"wood", b"power"))


def test_rosters_are_counted_and_removed(node: Node) -> None:
    imported(node)
    listed = node.type("policy", "roster", "list")
    assert "people  2 marks" in listed.output
    assert "Pansy" not in listed.output
    assert node.type("policy", "roster", "remove").exit_code == 0
    assert "no rosters" in node.type("policy", "roster", "list").output
    assert node.type("policy", "roster", "remove").exit_code == 1


def test_a_second_import_replaces_the_first(node: Node) -> None:
    imported(node)
    (node.folder / "people.csv").write_text("Forename,Surname\nHope,Street\n")
    assert "1 marks" in imported(node)
    ruling.load(settings.load(node.config))
    assert not known("will power today")


def test_a_roster_that_cannot_be_read_keeps_the_policy_out(node: Node) -> None:
    imported(node)
    (node.folder / "rosters" / "people.roster").write_text("nonsense")
    with pytest.raises(PolicyError, match="import it again"):
        ruling.load(settings.load(node.config))


def test_a_table_without_names_is_refused_in_plain_words(node: Node) -> None:
    (node.folder / "people.csv").write_text("UPN\n1\n")
    done = node.type("policy", "roster", "import", str(node.folder / "people.csv"))
    assert done.exit_code == 1
    assert "Forename" in done.output


@pytest.mark.parametrize("name", ["../up", "a/b", ""])
def test_a_roster_is_called_by_a_plain_word(node: Node, name: str) -> None:
    table = str(node.folder / "people.csv")
    assert node.type("policy", "roster", "import", table, "--name", name).exit_code == 1
