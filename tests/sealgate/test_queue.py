"""`sealgate queue`: what is printed, what is changed, and the exit code."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from sealgate import settings
from tests.sealgate.node import Node, run
from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.packages.deposit import Deposit, GrantFor, Queued
from vault.packages.depositing import deposit
from vault.sending import outbox
from vault.storage.store import Store

JO = Address.parse("jo@council.example")
AMY = Address.parse("amy@partner.example")
BEN = Address.parse("ben@police.example")
MAIL = b"From: jo@council.example\r\nSubject: About Tom Smith\r\n\r\nA secret\r\n"


@pytest.fixture
def store(ready: Node) -> Iterator[Store]:
    opened = Store(settings.load(ready.config).vault)
    sealing = keys.load_sealing(ready.keys)
    spool = Spool.of(opened, MAIL)
    queued = Queued(recipients=(BEN,), return_path=JO)
    both = Deposit(spool=spool, author=JO, grants=(GrantFor(address=AMY),), queued=queued)
    deposit(opened, sealing, both)
    spool.abort()
    yield opened
    opened.close()


def listed(node: Node, *words: str) -> list[dict[str, object]]:
    result = node.type("queue", "list", "--json", *words)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.output.splitlines()]


def test_the_list_says_what_waits_and_no_word_of_it(ready: Node, store: Store) -> None:
    for item in outbox.claim(store, keys.load_relay(ready.keys), "x"):
        until = store.clock() + timedelta(minutes=59, seconds=50)
        outbox.postpone(store, item, "4.7.1 Greylisted", until)
    said = ready.type("queue", "list").output
    assert "partner.example" in said
    assert "in 59m" in said
    assert "4.7.1 Greylisted" in said
    assert "2 mails: 2 deferred" in said
    for word in ("Smith", "secret", "amy@", "ben@"):
        assert word not in said


def test_an_empty_queue_says_so(ready: Node) -> None:
    assert ready.type("queue", "list").output == "Nothing waits.\n"


def test_a_narrow_look_does_not_call_the_queue_empty(ready: Node, store: Store) -> None:
    for narrowed in (("--to", "nowhere.example"), ("--state", "hold")):
        said = ready.type("queue", "list", *narrowed).output
        assert said == "Nothing of that kind waits.\n"


def test_json_is_one_object_a_line(ready: Node, store: Store) -> None:
    (first, second) = listed(ready)
    assert {first["kind"], second["kind"]} == {"notice", "relay"}
    assert first["standing"] == "active"
    assert "subject" not in first
    assert [one["recipient"] for one in listed(ready, "--to", "police.example")] == [str(BEN)]
    assert listed(ready, "--state", "hold") == []


def test_hold_and_release_by_id_and_by_domain(ready: Node, store: Store) -> None:
    (one,) = listed(ready, "--to", "partner.example")
    assert ready.type("queue", "hold", str(one["id"])[:7]).output == "1 mail put on hold.\n"
    assert ready.type("queue", "hold", "--to", "police.example").output == "1 mail put on hold.\n"
    assert len(listed(ready, "--state", "hold")) == 2
    assert "2 mails released" in ready.type("queue", "release", "all").output
    assert listed(ready, "--state", "hold") == []
    assert "2 mails will be tried now" in ready.type("queue", "retry", "all").output


def test_show_tells_all_that_may_be_known(ready: Node, store: Store) -> None:
    (one,) = listed(ready, "--to", "partner.example")
    said = ready.type("queue", "show", str(one["id"])).output
    assert str(AMY) in said
    assert "sender domain: council.example" in said
    assert "Smith" not in said


def test_nothing_is_dropped_without_yes(ready: Node, store: Store) -> None:
    ids = {str(one["id"]) for one in listed(ready)}
    result = ready.type("queue", "drop", "all")
    assert result.exit_code == 1
    heading, *lines = result.output.splitlines()[:3]
    assert heading.split() == ["ID", "KIND", "AGE", "TRIES", "FROM", "TO"]
    assert {line.split()[0] for line in lines} == ids
    assert "Smith" not in result.output
    assert "2 mails would be dropped. Say --yes" in result.output
    assert len(listed(ready)) == 2


def test_drop_tells_the_sender_unless_asked_not_to(ready: Node, store: Store) -> None:
    assert ready.type("queue", "drop", "--to", "police.example", "--yes").exit_code == 0
    (bounce,) = listed(ready, "--to", "council.example")
    assert (bounce["kind"], bounce["recipient"]) == ("bounce", str(JO))
    said = ready.type("queue", "drop", "all", "--yes", "--no-bounce").output
    assert said.endswith("\n2 mails dropped.\n")
    notice = next(line.split() for line in said.splitlines() if "partner.example" in line)
    assert notice[0].isalnum()
    assert notice[1] in {"notice", "relay"}
    assert notice[3:] == ["0", "council.example", "partner.example"]
    assert listed(ready) == []


def test_who_did_it_is_on_record(
    ready: Node, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "pat")
    ready.type("queue", "drop", "--to", "partner.example", "--yes")
    with store.reading() as tx:
        rows = tx.execute(outbox.tables.events.select()).mappings().all()
    (line,) = (row for row in rows if row["act"] == "queue:dropped")
    assert (line["actor"], line["subject"]) == ("pat", str(AMY))


@pytest.mark.parametrize("words", [(), ("all", "--to", "x.example")])
def test_which_mails_must_be_said_and_once(ready: Node, words: tuple[str, ...]) -> None:
    result = ready.type("queue", "hold", *words)
    assert result.exit_code == 2
    assert "Say which mails" in result.output


def test_an_unknown_id_is_one_sentence(ready: Node, store: Store) -> None:
    result = ready.type("queue", "hold", "nosuchid")
    assert result.exit_code == 1
    assert result.output == (
        "sealgate: no mail in the queue, or more than one, has an id that begins with nosuchid. "
        "It takes six letters; `sealgate queue list` shows them.\n"
    )


def test_each_command_has_help() -> None:
    for name in ("list", "show", "retry", "hold", "release", "drop"):
        assert "Usage:" in run("queue", name, "--help").output
