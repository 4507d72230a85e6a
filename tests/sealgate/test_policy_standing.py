"""What is in force, what was, what waits; bringing back; a second person's approval."""

import getpass
import importlib
import json
import os
from contextlib import closing

import pytest

from policies.language import loader
from sealgate import settings
from sealgate.policy.admission import Admission, Standing
from tests.sealgate.governed import opened
from tests.sealgate.node import PASSWORD, Node, environment
from vault import keys, rulebook

BOSS, JO = "boss@council.example", "jo.bloggs@council.example"
RELAXED = ("    then: seal\n", "    then: relay\n")


@pytest.fixture
def node(ready: Node) -> Node:
    """A node that has been started once, with two users, one of whom may approve."""
    approvers = f'approvers = ["{BOSS}", "{JO}={getpass.getuser()}"]'
    ready.spoil("[policy]\n", f"[policy]\napproval = true\n{approvers}\n")
    for user in (BOSS, JO):
        added = ready.type("user", "add", user, "--password-stdin", stdin=PASSWORD)
        assert added.exit_code == 0
    look(ready)
    return ready


def look(node: Node) -> Standing:
    """What a running node does when it sees the file."""
    chosen = settings.load(node.config)
    with closing(opened(node)) as store:
        sealing = keys.load_sealing(chosen.keys_folder)
        admission = Admission(store=store, settings=chosen.policy, sealing=sealing)
        return admission.admit(loader.read(chosen.policy.file))


def save(node: Node, old: str, new: str) -> str:
    """Change the policy file; returns the digest it has now."""
    file = node.folder / "policy.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return loader.load(file).digest


def in_force(node: Node) -> str | None:
    with closing(opened(node)) as store, store.reading() as tx:
        return rulebook.in_force(tx)


def approve(node: Node, digest: str, name: str = BOSS, password: str = PASSWORD) -> tuple[int, str]:
    words = ("policy", "approve", digest, "--as", name, "--password-stdin")
    result = node.type(*words, stdin=password)
    return result.exit_code, result.output


def test_status_says_what_is_in_force(node: Node) -> None:
    result = node.type("policy", "status")
    assert result.exit_code == 0
    assert result.output.startswith(f"In force: {in_force(node)[:12]}, since 20")
    assert "policy.yaml is what is in force." in result.output


def test_a_file_that_cannot_be_used_and_the_way_back(node: Node) -> None:
    file, before = node.folder / "policy.yaml", in_force(node) or ""
    good = file.read_text()
    file.write_text("version: 1\nrules: [{name: x, then: refuze}]\n")
    result = node.type("policy", "status")
    assert result.exit_code == 1
    assert "cannot be used, and changes nothing" in result.output
    assert f"sealgate policy rollback {before[:12]}" in result.output
    assert node.type("policy", "rollback", before[:12]).exit_code == 0
    assert file.read_text() == good


def test_what_comes_back_belongs_to_the_group_that_reads_it(node: Node) -> None:
    file, before = node.folder / "policy.yaml", in_force(node) or ""
    group = 65534 if os.geteuid() == 0 else os.getgroups()[-1]
    file.write_text("version: 1\nrules: [{name: x, then: refuze}]\n")
    os.chown(file, -1, group)
    file.chmod(0o640)
    assert node.type("policy", "rollback", before[:12]).exit_code == 0
    assert (file.stat().st_gid, file.stat().st_mode & 0o777) == (group, 0o640)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_what_comes_back_was_saved_by_whoever_called_sudo(node: Node) -> None:
    file, before = node.folder / "policy.yaml", in_force(node) or ""
    save(node, "    then: seal\n", "    then: seal\n    seal: {replies: no}\n")
    with environment(SUDO_USER="nobody"):
        assert node.type("policy", "rollback", before[:12]).exit_code == 0
    assert file.owner() == "nobody"
    assert all(path.owner() == "root" for path in node.folder.glob("policy.yaml.2*"))


def test_taking_back_a_file_that_cannot_be_used(node: Node) -> None:
    file = node.folder / "policy.yaml"
    save(node, "    then: seal\n", "    then: seal\n    seal: {replies: no}\n")
    look(node)
    good = file.read_text()
    file.write_text("version: 1\nrules: [{name: x, then: refuze}]\n")
    result = node.type("policy", "rollback")
    assert result.exit_code == 0, result.output
    assert file.read_text() == good, "what decides now, not the one before it"


def test_taking_back_a_change_that_waits(node: Node) -> None:
    file = node.folder / "policy.yaml"
    save(node, "version: 1\n", "version: 1\n# as good\n")
    look(node)
    good = file.read_text()
    save(node, *RELAXED)
    assert look(node).waits
    assert node.type("policy", "rollback").exit_code == 0
    assert file.read_text() == good
    assert not look(node).waits


def test_a_weakening_waits_and_says_why(node: Node) -> None:
    before = in_force(node)
    digest = save(node, *RELAXED)
    assert "takes up within seconds" in node.type("policy", "status").output
    assert look(node).waits
    assert in_force(node) == before
    result = node.type("policy", "status")
    assert result.exit_code == 1
    assert f"is {digest[:12]}, saved by {getpass.getuser()}, and waits because:" in result.output
    assert "'seal-personal-data': it says 'relay' where it said 'seal'" in result.output


def test_a_second_person_approves(node: Node) -> None:
    digest = save(node, *RELAXED)
    look(node)
    code, said = approve(node, digest[:12])
    assert (code, said) == (0, f"{digest[:12]} is in force, approved by {BOSS}.\n")
    assert in_force(node) == digest
    acts = [one["act"] for one in json.loads(node.type("policy", "history", "--json").output)]
    assert acts == ["activated", "approved", "proposed", "activated"]


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        (BOSS, "not the password", "That is not the password"),
        (JO, PASSWORD, "saved the file (account"),
        ("pat@council.example", PASSWORD, "is not one of the approvers"),
    ],
)
def test_nobody_else_approves(node: Node, name: str, password: str, said: str) -> None:
    before, digest = in_force(node), save(node, *RELAXED)
    look(node)
    code, told = approve(node, digest, name, password)
    assert code == 1
    assert said in told
    look(node)
    assert in_force(node) == before


def test_who_saved_a_list_does_not_approve_it(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = node.folder / "personal_webmail.txt"
    listed.write_text("gmail.com\n")
    digest = loader.load(node.folder / "policy.yaml").digest
    assert look(node).waits == ("the list 'personal_webmail' lost entries",)
    file, own = node.folder / "policy.yaml", getpass.getuser()
    owners = {file: "somebody", listed: own}
    approving = importlib.import_module("sealgate.commands.policy.approve")
    monkeypatch.setattr(approving, "owner_of", lambda path: owners.get(path, ""))
    code, said = approve(node, digest, JO)
    assert code == 1
    assert f"saved personal_webmail.txt (account {own})" in said
    assert in_force(node) != digest
    assert approve(node, digest)[0] == 0, "another person may"


def test_an_approval_is_for_one_text(node: Node) -> None:
    digest = save(node, *RELAXED)
    look(node)
    other = save(node, "    then: relay\n", "    then: relay\n# and more\n")
    look(node)
    code, said = approve(node, digest)
    assert code == 1
    assert f"The policy file is {other[:12]} and not" in said
    assert approve(node, other)[0] == 0


def test_what_needs_no_approval_gets_none(node: Node) -> None:
    code, said = approve(node, in_force(node) or "")
    assert code == 1
    assert "needs no approval" in said


def test_a_stronger_policy_needs_nobody(node: Node) -> None:
    digest = save(node, "    then: seal\n", "    then: seal\n    seal: {replies: no}\n")
    look(node)
    assert in_force(node) == digest


def test_history_and_show(node: Node) -> None:
    first = in_force(node) or ""
    text = (node.folder / "policy.yaml").read_text()
    second = save(node, "    then: seal\n", "    then: seal\n    seal: {replies: no}\n")
    look(node)
    lines = node.type("policy", "history").output.splitlines()
    assert [line.split()[2] for line in lines] == [second[:12], first[:12]]
    assert all(f"by {getpass.getuser()}" in line for line in lines)
    assert node.type("policy", "show", first[:12]).output == text
    assert "# --- personal_webmail.txt" in node.type("policy", "show", first, "--lists").output
    assert "No policy ffff is in the history." in node.type("policy", "show", "ffff").output


def test_an_earlier_policy_comes_back_with_its_lists(node: Node) -> None:
    file, mine = node.folder / "policy.yaml", node.folder / "generic_mailboxes.txt"
    mine.write_text("info\noffice\n")
    assert look(node).waits, "the shipped list is longer"
    digest = loader.load(file).digest
    assert approve(node, digest)[0] == 0
    before = file.read_text()
    mine.write_text("info\noffice\nheadteacher\n")
    later = save(node, "    then: seal\n", "    then: seal\n    seal: {replies: no}\n")
    look(node)
    assert in_force(node) == later
    result = node.type("policy", "rollback")
    assert result.exit_code == 0, result.output
    assert file.read_text() == before
    assert mine.read_text() == "info\noffice\n"
    kept = sorted(path.name for path in node.folder.glob("*.2*"))
    assert all(name in result.output for name in kept), "it says where the files are kept"
    assert [name.partition(".2")[0] for name in kept] == ["generic_mailboxes.txt", "policy.yaml"]
    assert look(node).waits, "what comes back weakens, and waits like any other change"
    assert approve(node, digest)[0] == 0
    assert in_force(node) == digest


def test_before_the_first_start_there_is_nothing_to_say(bare: Node) -> None:
    result = bare.type("policy", "status")
    assert result.exit_code == 1
    assert "the first start makes it" in result.output
