"""`sealgate search` and `sealgate disclosure`: from somebody's request to the files for it."""

import json
import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from sealgate import settings
from tests.sealgate.node import PASSWORD, Node
from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.packages.deposit import Deposit, GrantFor, Receipt
from vault.packages.depositing import deposit
from vault.people import users
from vault.secrets import Secret
from vault.storage.store import Store
from vault.trail.lines import Wanted, told

JO = Address.parse("jo@council.example")
AMY = Address.parse("amy@partner.example")
RUTH, OMAR = "ruth@council.example", "omar@council.example"
BODY = b"Subject: About Tom Smith\r\n\r\nA secret\r\n"


@pytest.fixture
def store(ready: Node) -> Iterator[Store]:
    with closing(Store(settings.load(ready.config).vault)) as opened:
        for name in (RUTH, OMAR):
            users.add(opened, Address.parse(name), Secret(f"{PASSWORD} of {name}".encode()))
        yield opened


@pytest.fixture
def sealed(ready: Node, store: Store) -> Receipt:
    made = Deposit(spool=Spool.of(store, BODY), author=JO, grants=(GrantFor(address=AMY),))
    return deposit(store, keys.load_sealing(ready.keys), made)


def say(ready: Node, who: str, *words: str) -> tuple[int, str]:
    """Type a command as somebody, with their own password."""
    more = ("--as", who, "--password-stdin")
    result = ready.type("disclosure", *words, *more, stdin=f"{PASSWORD} of {who}\n")
    return result.exit_code, result.output


def test_two_people_write_out_what_was_found(ready: Node, store: Store, sealed: Receipt) -> None:
    found = ready.type("search", "--person", "amy@partner.example", "--reason", "Request 7")
    assert found.exit_code == 0, found.output
    assert f"{sealed.reference}  " in found.output
    assert "was given access" in found.output
    assert "Tom Smith" not in found.output
    code, said = say(ready, RUTH, "ask", sealed.reference, "--why", "Request 7")
    assert code == 0, said
    (named,) = set(re.findall(r"approve ([a-z2-7]{26})", said))
    folder = ready.folder / "out"

    code, said = say(ready, RUTH, "write", named, str(folder))
    assert (code, "nobody has approved it yet" in said) == (1, True)
    code, said = say(ready, RUTH, "approve", named)
    assert (code, "another person must approve" in said) == (1, True)
    assert not folder.exists()

    assert say(ready, OMAR, "approve", named)[0] == 0
    code, said = say(ready, RUTH, "write", named, str(folder))
    assert code == 0, said
    (file,) = folder.glob("packages/*/*.eml")
    assert file.read_bytes() == BODY
    acts = [(line.act, line.actor) for line in told(store, Wanted(package_id=sealed.package_id))]
    assert acts[-3:] == [
        ("disclosure:asked", RUTH),
        ("disclosure:approved", OMAR),
        ("package:disclosed", RUTH),
    ]
    assert [line.subject for line in told(store, Wanted(act="search:made"))] == [str(AMY)]
    (listed,) = ready.type("disclosure", "list", "--json").output.splitlines()
    assert json.loads(listed)["state"] == "approved"
    assert "approved by omar" in ready.type("disclosure", "list").output


def test_a_password_of_somebody_else_is_none(ready: Node, store: Store, sealed: Receipt) -> None:
    words = ("disclosure", "ask", sealed.reference, "--why", "Request 7")
    named = ("--as", OMAR, "--password-stdin")
    result = ready.type(*words, *named, stdin=f"{PASSWORD} of {RUTH}\n")
    assert (result.exit_code, "not the password" in result.output) == (1, True)
    result = ready.type(*words)
    assert (result.exit_code, "It takes two people" in result.output) == (1, True)
    assert not list(told(store, Wanted(act="disclosure:asked")))


def test_where_it_takes_two_nobody_exports_alone(ready: Node, sealed: Receipt) -> None:
    ready.spoil("[vault]\n", "[vault]\nexport_needs_two = true\n")
    folder = ready.folder / "out"
    result = ready.type("export", str(folder))
    assert (result.exit_code, "takes two people" in result.output) == (1, True)
    assert not list(folder.glob("packages/*/*"))
    code, said = say(ready, RUTH, "ask", "--everything", "--why", "We leave")
    (named,) = set(re.findall(r"approve ([a-z2-7]{26})", said))
    assert (code, say(ready, OMAR, "approve", named)[0]) == (0, 0)
    assert say(ready, OMAR, "write", named, str(folder))[0] == 0
    assert len(list(folder.glob("packages/*/*.eml"))) == 1


def test_what_cannot_be_done_is_said(ready: Node, sealed: Receipt) -> None:
    assert "no such disclosure" in say(ready, OMAR, "approve", "a" * 26)[1]
    assert "Say which messages" in say(ready, OMAR, "ask", "--why", "x")[1]
    result = ready.type("search", "--person", "nobody", "--reason", "x")
    assert (result.exit_code, "there is no @" in result.output) == (1, True)
    result = ready.type("search", "--person", str(AMY), "--reason", " ")
    assert (result.exit_code, "say why" in result.output) == (1, True)
    result = ready.type("search", "--person", str(AMY), "--reason", "x", "--json")
    (line,) = result.output.splitlines()
    assert json.loads(line)["person"] == ["recipient", "named"]
