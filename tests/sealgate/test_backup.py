"""Backup, restore and move as they are typed."""

import shutil

import pytest

from tests.sealgate.node import Node


def backed_up(node: Node, *words: str) -> str:
    assert node.type("queue", "list").exit_code == 0  # makes the database, as a start does
    done = node.type("backup", str(node.folder / "backups"), *words)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_backup_says_that_the_keys_are_not_in_it(ready: Node) -> None:
    said = backed_up(ready)
    assert "Backed up and checked" in said
    assert f"The private keys are NOT in it: {ready.keys}" in said
    assert not list((ready.folder / "backups").rglob("vault.private"))
    assert "Complete and undamaged" in backed_up(ready, "--verify")


def test_keys_that_were_asked_for_are_in_it_and_come_back(ready: Node) -> None:
    assert "The private keys ARE in it" in backed_up(ready, "--with-keys")
    keys = {path.name: path.read_bytes() for path in ready.keys.iterdir() if path.is_file()}
    shutil.rmtree(ready.folder / "vault")
    done = ready.type("restore", str(ready.folder / "backups"))
    assert done.exit_code == 0, done.output
    assert f"The keys of the backup are in {ready.keys}" in done.output
    assert {path.name: path.read_bytes() for path in ready.keys.iterdir()} == keys
    assert ready.type("doctor").output.count("database: opens") == 1


def test_a_living_installation_is_not_overwritten(ready: Node) -> None:
    backed_up(ready)
    done = ready.type("restore", str(ready.folder / "backups"))
    assert done.exit_code == 1
    assert "an installation is never overwritten" in done.output


def test_a_restore_without_keys_says_what_is_missing(ready: Node) -> None:
    backed_up(ready)
    shutil.rmtree(ready.folder / "vault")
    done = ready.type("restore", str(ready.folder / "backups"))
    assert done.exit_code == 0, done.output
    assert f"Nothing can be opened before its keys are in {ready.keys}" in done.output


def test_what_is_no_backup_is_told(ready: Node, bare: Node) -> None:
    done = ready.type("backup", str(ready.folder / "nothing"), "--verify")
    assert (done.exit_code, "holds no complete backup" in done.output) == (1, True)
    done = bare.type("backup", str(bare.folder / "backups"))
    assert (done.exit_code, "is not there" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("s3://bucket/x", 'set s3 = "s3://bucket/x" in [vault.contents] first'),
        ("elsewhere", "must be s3://bucket/prefix, folder, or postgresql://"),
        ("folder", "0 contents (0 bytes) moved to folder"),
    ],
)
def test_a_move_goes_where_new_content_goes(ready: Node, target: str, says: str) -> None:
    assert says in ready.type("move", "--to", target).output
