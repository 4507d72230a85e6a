"""Lists: each reader sees what is theirs to see, and a Bcc is seen by nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, EVE, HERE, Safe
from vault import identifier
from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.packages import catalogue, grants, retrieve
from vault.packages.catalogue import Line
from vault.packages.deposit import GrantFor, Summary
from vault.sending import outbox
from vault.storage.paging import PAGE_SIZE, Page
from vault.trail.audit import Act

PLAN = Summary(subject="The Garden plan", author_name="Alice Ash", to=("bob@clinic.example",))


def received(safe: Safe, reader: Address, **more: Any) -> Page[Line]:
    return catalogue.received(safe.store, safe.keys.opening, reader, **more)


def sent(safe: Safe, owner: Address = ALICE, **more: Any) -> Page[Line]:
    return catalogue.sent(safe.store, safe.keys.opening, owner, **more)


def one(safe: Safe, package_id: str, owner: Address = ALICE) -> Line:
    return catalogue.one(safe.store, safe.keys.opening, owner, package_id)


def thread(safe: Safe, reader: Address, package_id: str) -> list[Line]:
    return catalogue.conversation(safe.store, safe.keys.opening, reader, package_id)


def people(line: Line) -> list[Address]:
    return [grant.address for grant in line.grants]


def test_a_recipient_sees_what_was_sent_to_them_newest_first(safe: Safe) -> None:
    first = safe.package(BOB, summary=PLAN)
    safe.clock.advance(hours=1)
    second = safe.package(BOB, CAROL, body=b"two")
    safe.package(CAROL, body=b"three")
    page = received(safe, BOB)
    assert [line.package.id for line in page.items] == [second, first]
    assert page.items[1].summary == PLAN
    assert (page.number, page.pages, page.total) == (1, 1, 2)
    assert received(safe, EVE).items == ()
    assert received(safe, ALICE).items == ()


def test_an_answer_is_received_by_its_owner_and_not_sent(safe: Safe) -> None:
    safe.package(BOB, summary=PLAN)
    answer = safe.package(ALICE, body=b"answer", author=BOB, owner=ALICE)
    on_behalf = safe.package(BOB, body=b"on behalf", author=CAROL, owner=ALICE)
    listed = {line.package.id for line in sent(safe).items}
    assert answer not in listed
    assert on_behalf in listed
    assert [line.package.id for line in received(safe, ALICE).items] == [answer]
    assert sent(safe, search="bob").total == 2


def test_a_denied_package_shows_no_summary_and_no_people(safe: Safe) -> None:
    revoked = safe.package(BOB, CAROL, summary=PLAN)
    safe.package(BOB, CAROL, summary=PLAN, body=b"two", expires_in=timedelta(hours=1))
    safe.package(BOB, CAROL, summary=PLAN, body=b"three", opens_in=timedelta(days=1))
    grants.revoke(safe.store, ALICE, revoked, BOB, HERE)
    safe.clock.advance(hours=2)
    found = received(safe, BOB).items
    assert {line.package.denial for line in found} == {
        Denial.REVOKED,
        Denial.EXPIRED,
        Denial.NOT_YET,
    }
    assert {line.summary for line in found} == {Summary()}
    assert {line.grants for line in found} == {()}


def test_a_bcc_is_seen_by_sender_and_itself_alone(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL, GrantFor(address=DAVE, visible=False))
    assert people(received(safe, BOB).items[0]) == [BOB, CAROL]
    assert people(received(safe, DAVE).items[0]) == [BOB, CAROL, DAVE]
    assert people(thread(safe, BOB, package_id)[0]) == [BOB, CAROL]
    assert people(one(safe, package_id)) == [BOB, CAROL, DAVE]


def test_a_recipient_does_not_see_how_far_another_has_come(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL, DAVE)
    safe.deliver_all()
    safe.open(CAROL, package_id, Act.ORIGINAL_DOWNLOADED)
    grants.revoke(safe.store, ALICE, package_id, DAVE, HERE)
    bob, carol = received(safe, BOB).items[0].grants
    assert (carol.address, carol.notice, carol.opened_at, carol.downloads) == (
        CAROL,
        "none",
        None,
        0,
    )
    assert (bob.address, bob.notice) == (BOB, "relayed")
    shown = {line.address: line for line in one(safe, package_id).grants}
    assert (shown[CAROL].opened_at, shown[CAROL].downloads) == (safe.clock(), 1)
    assert (shown[DAVE].state, shown[BOB].state) == ("revoked", "active")


def test_a_sender_follows_each_notice(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL, DAVE, EVE)
    items = {item.to: item for item in safe.claim()}
    outbox.complete(safe.store, items[BOB], "250")
    outbox.give_up(safe.store, safe.keys.sealing, items[CAROL], "550")
    outbox.postpone(safe.store, items[DAVE], "451", safe.clock() + timedelta(hours=1))
    assert {grant.address: grant.notice for grant in one(safe, package_id).grants} == {
        BOB: "relayed",
        CAROL: "bounced",
        DAVE: "delayed",
        EVE: "queued",
    }


def test_sent_is_the_owners(safe: Safe) -> None:
    mine = safe.package(BOB)
    safe.package(ALICE, author=BOB, body=b"re")
    theirs = safe.package(CAROL, author=EVE, owner=BOB, body=b"other")
    assert [line.package.id for line in sent(safe).items] == [mine]
    assert theirs in [line.package.id for line in sent(safe, BOB).items]
    assert sent(safe, EVE).items == ()


def test_an_expired_package_still_shows_its_summary_to_the_owner(safe: Safe) -> None:
    safe.package(BOB, summary=PLAN, expires_in=timedelta(hours=1))
    safe.clock.advance(days=9)
    (line,) = sent(safe).items
    assert (line.summary, line.package.denial) == (PLAN, None)


@pytest.mark.parametrize(
    ("search", "hits"),
    [
        ("garden", 1),
        ("PLAN garden", 1),
        ("garden bob@clinic", 1),
        ("clinic", 2),
        ("carol@", 1),
        ("garden carol", 0),
        ("nothing", 0),
        ("  ", 2),
        ("%", 0),
        ("_", 0),
        ("-", 0),
        ("' OR 1=1", 0),
    ],
)
def test_search_looks_for_every_word(safe: Safe, search: str, hits: int) -> None:
    safe.package(BOB, summary=PLAN)
    safe.package(BOB, CAROL, summary=Summary(subject="Minutes"), body=b"two")
    found = sent(safe, search=search)
    assert (len(found.items), found.total) == (hits, hits)


def test_search_finds_a_reference_as_people_type_it(safe: Safe) -> None:
    wanted = safe.put(BOB, summary=PLAN)
    safe.put(BOB, summary=Summary(subject="Minutes"), body=b"two")
    for typed in (
        wanted.reference,
        wanted.reference.lower().replace("-", ""),
        wanted.reference.replace("0", "O").replace("1", "l"),
    ):
        (line,) = sent(safe, search=typed).items
        assert line.package.reference == wanted.reference


def test_a_search_goes_through_everything_in_batches(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also through what was sealed at one moment, of which a batch ends in the middle."""
    ids = {safe.package(BOB, body=b"%d" % number) for number in range(8)}
    safe.clock.advance(minutes=1)
    ids |= {safe.package(BOB, body=b"%d later" % number) for number in range(5)}
    wanted = safe.package(CAROL, summary=PLAN)
    everything = [line.package.id for line in sent(safe).items]
    monkeypatch.setattr(catalogue, "_AT_ONCE", 3)
    found = sent(safe, search="bob@clinic")
    assert [line.package.id for line in found.items] == [i for i in everything if i in ids]
    assert found.total == len(ids)
    (line,) = sent(safe, search="garden").items
    assert line.package.id == wanted


def test_a_list_that_is_much_longer_is_not_counted_to_its_end(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "COUNTED", 2)
    for number in range(PAGE_SIZE + 5):
        safe.package(BOB, body=b"%d" % number)
    first, second = sent(safe), sent(safe, page=2)
    assert (first.pages, first.total) == (2, PAGE_SIZE + 2)
    assert (second.pages, second.total, len(second.items)) == (2, PAGE_SIZE + 5, 5)


def test_long_lists_come_in_pages(safe: Safe) -> None:
    ids = []
    for number in range(PAGE_SIZE + 3):
        summary = Summary(subject=f"Number {number}")
        ids.append(safe.package(BOB, body=b"%d" % number, summary=summary))
        safe.clock.advance(minutes=1)
    for listed in (sent(safe), received(safe, BOB), sent(safe, search="number")):
        assert len(listed.items) == PAGE_SIZE
        assert (listed.pages, listed.total) == (2, len(ids))
    last = sent(safe, page=2)
    assert [line.package.id for line in last.items] == ids[2::-1]
    assert sent(safe, page=99).items == last.items
    assert sent(safe, page=-1).number == 1
    assert received(safe, BOB, page=2).items[-1].package.id == ids[0]


@pytest.mark.parametrize("who", [BOB, CAROL, EVE], ids=str)
def test_one_and_its_timeline_are_the_owners(safe: Safe, who: Address) -> None:
    package_id = safe.package(BOB, author=CAROL, owner=ALICE)
    for wanted in (package_id, identifier.draw()):
        with pytest.raises(AccessDenied) as caught:
            one(safe, wanted, who)
        assert caught.value.denial is Denial.UNKNOWN
        with pytest.raises(AccessDenied):
            catalogue.timeline(safe.store, who, wanted)


def test_a_timeline_tells_the_story(safe: Safe) -> None:
    package_id = safe.package(BOB)
    safe.package(CAROL, body=b"another")
    safe.deliver_all()
    safe.clock.advance(hours=1)
    safe.open(BOB, package_id)
    safe.open(BOB, package_id)  # the frame of the same page
    safe.clock.advance(hours=1)
    safe.open(BOB, package_id)
    grants.revoke(safe.store, ALICE, package_id, BOB, HERE)
    events = catalogue.timeline(safe.store, ALICE, package_id)
    assert [(event.act.value, event.actor, event.subject) for event in events] == [
        ("package:sealed", str(ALICE), ""),
        ("access:granted", str(ALICE), str(BOB)),
        ("notice:queued", "", str(BOB)),
        ("notice:relayed", "", str(BOB)),
        ("package:opened", str(BOB), ""),
        ("package:opened", str(BOB), ""),
        ("access:revoked", str(ALICE), str(BOB)),
    ]
    assert events[4].origin == HERE
    assert events[4].at == safe.clock() - timedelta(hours=1)
    assert safe.acts().count("package:opened") == 3  # the trail keeps each


def test_a_conversation_shows_what_this_reader_may_open(safe: Safe) -> None:
    first = safe.package(BOB, CAROL, message_id="<1@x>")
    (joined,) = {line.package.conversation for line in sent(safe).items}
    safe.clock.advance(minutes=1)
    reply = safe.package(ALICE, author=BOB, conversation=joined, body=b"re")
    safe.clock.advance(minutes=1)
    aside = safe.package(CAROL, conversation=joined, body=b"aside")
    seen = {
        who: [line.package.id for line in thread(safe, who, first)] for who in (ALICE, BOB, CAROL)
    }
    assert seen == {ALICE: [first, reply, aside], BOB: [first, reply], CAROL: [first, aside]}
    for who, package_id in ((EVE, first), (BOB, aside), (CAROL, reply)):
        with pytest.raises(AccessDenied):
            thread(safe, who, package_id)
    grants.revoke(safe.store, ALICE, first, BOB, HERE)
    assert [line.package.id for line in thread(safe, BOB, reply)] == [reply]
    assert all(line.package.denial is None for line in thread(safe, ALICE, first))


def test_listing_is_not_opening(safe: Safe) -> None:
    package_id = safe.package(BOB)
    before = safe.rows("events")
    received(safe, BOB)
    thread(safe, BOB, package_id)
    retrieve.recheck(safe.store, BOB, package_id)
    assert safe.rows("events") == before
    assert [grant.opened_at for grant in one(safe, package_id).grants] == [None]


def test_of_a_long_conversation_the_newest_are_shown(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the one that is looked at; those of others take nobody's place."""
    monkeypatch.setattr(catalogue, "MOST_TOGETHER", 2)
    first = safe.package(BOB)
    (joined,) = {line.package.conversation for line in sent(safe).items}
    ids = []
    for number in range(4):
        safe.clock.advance(hours=1)
        ids.append(safe.package(BOB, conversation=joined, body=b"%d" % number))
    for number in range(3):
        safe.package(CAROL, author=EVE, owner=EVE, conversation=joined, body=b"eve %d" % number)
    assert [line.package.id for line in thread(safe, BOB, first)] == [first, *ids[-2:]]
    assert [line.package.id for line in thread(safe, BOB, ids[-1])] == ids[-3:]
