"""Sign-in codes: who gets one, what one is good for, and how often one may be guessed."""

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from vault.address import Address
from vault.errors import CodeRefused, TooMany
from vault.keys import RelayKeys, SealingKeys
from vault.keys.hpke import PrivateHalf
from vault.origin import Origin
from vault.people import attempts, codes, users
from vault.secrets import Secret
from vault.sending import outbox
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

BOB = Address.parse("bob@example.org")
HERE = Origin("192.0.2.1", "test")
RELAY = PrivateHalf.generate()
SEALING = SealingKeys(PrivateHalf.generate().public(), RELAY.public(), Secret.random())
PEPPER = Secret.random()


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Post:
    """A reader site and the mailboxes behind it."""

    store: Store
    clock: Clock

    def ask(self, address: Address = BOB, visit: bytes = b"", origin: Origin = HERE) -> bytes:
        visit = visit or secrets.token_bytes(32)
        codes.ask(self.store, SEALING, PEPPER, address, visit, origin)
        return visit

    def answer(self, visit: bytes, code: str) -> Address:
        return codes.answer(self.store, PEPPER, visit, code, HERE)

    def letters(self) -> list[outbox.Item]:
        claimed = outbox.claim(self.store, RelayKeys(RELAY), "test", limit=1000)
        for item in claimed:
            outbox.complete(self.store, item, "250 2.0.0 ok")
        return [item for item in claimed if item.kind is outbox.Kind.CODE]

    def code(self) -> str:
        [letter] = self.letters()
        return letter.fields["code"]

    def wrong(self, visit: bytes, times: int = 1, *, but: str = "") -> None:
        for _ in range(times):
            with pytest.raises(CodeRefused):
                self.answer(visit, "00000000" if but != "00000000" else "11111111")

    def acts(self) -> list[str]:
        with self.store.reading() as tx:
            return list(tx.execute(select(tables.events.c.act)).scalars())


@pytest.fixture
def post(settings: VaultSettings) -> Iterator[Post]:
    clock = Clock()
    store = Store(settings, clock=clock)
    yield Post(store, clock)
    store.close()


def grant(store: Store, *addresses: str) -> None:
    """Put packages into the database that are granted to these spellings."""
    for text in addresses:
        address = Address.parse(text)
        package_id = secrets.token_hex(13)
        with store.writing() as tx:
            package = {
                "id": package_id,
                "reference": package_id,
                "author": "clerk@council.gov.uk",
                "owner": "clerk@council.gov.uk",
                "sealed_at": tx.now,
                "conversation": package_id,
                "size": 1,
                "summary": b"",
            }
            tx.execute(insert(tables.packages), [package])
            row = {
                "package_id": package_id,
                "address": str(address),
                "folded": address.folded(),
                "added_at": tx.now,
            }
            tx.execute(insert(tables.grants), [row])


def test_the_mailed_code_proves_the_address_once(post: Post) -> None:
    visit = post.ask()
    code = post.code()
    assert len(code) == 8
    assert code.isdigit()
    assert post.answer(visit, code) == BOB
    with pytest.raises(CodeRefused):
        post.answer(visit, code)
    assert post.acts() == ["code:asked", "code:accepted"]


def test_the_letter_says_how_long_the_code_lives(post: Post) -> None:
    post.ask()
    [letter] = post.letters()
    assert letter.fields["minutes"] == "10"
    assert letter.to == BOB
    assert letter.package_id is None


def test_another_browser_cannot_use_the_code(post: Post) -> None:
    visit = post.ask()
    code = post.code()
    other = secrets.token_bytes(32)
    with pytest.raises(CodeRefused):
        post.answer(other, code)
    post.ask(visit=other)
    with pytest.raises(CodeRefused):
        post.answer(other, code)
    assert post.answer(visit, code) == BOB


def test_another_browser_cannot_wear_the_code_out(post: Post) -> None:
    visit = post.ask()
    code = post.code()
    for other in (secrets.token_bytes(32), post.ask(Address.parse("eve@example.org"))):
        post.wrong(other, codes.TRIES + 1, but=code)
    assert post.answer(visit, code) == BOB


def test_a_used_code_is_neither_used_nor_tried_again(post: Post) -> None:
    """Each UPDATE says so by itself: neither leans on what was read before."""
    post.ask()
    with post.store.writing() as tx:
        row_id = tx.execute(select(tables.sign_in_codes.c.id)).scalar_one()
        spent = [len(codes._spend_a_try(tx, [row_id])) for _ in range(codes.TRIES + 2)]
        assert spent == [1] * codes.TRIES + [0] * 2
        tx.execute(update(tables.sign_in_codes).values(tries=0))
        assert [codes._use(tx, row_id) for _ in range(3)] == [True, False, False]
        assert len(codes._spend_a_try(tx, [row_id])) == 0


def test_a_code_lives_ten_minutes(post: Post) -> None:
    visit = post.ask()
    code = post.code()
    post.clock.forward(minutes=9, seconds=59)
    assert post.answer(visit, code) == BOB
    visit = post.ask()
    code = post.code()
    post.clock.forward(minutes=10)
    with pytest.raises(CodeRefused):
        post.answer(visit, code)


def test_an_older_code_still_works_while_it_lives(post: Post) -> None:
    """Mail is slow: who asks twice may well get the first code last."""
    visit = post.ask()
    first = post.code()
    post.clock.forward(minutes=4)
    post.ask(visit=visit)
    second = post.code()
    assert post.answer(visit, first) == BOB
    with pytest.raises(CodeRefused):
        post.answer(visit, second)


def test_five_wrong_codes_kill_a_code(post: Post) -> None:
    for wrong, survives in ((4, True), (5, False)):
        visit = post.ask()
        code = post.code()
        post.wrong(visit, wrong, but=code)
        if survives:
            assert post.answer(visit, code) == BOB
        else:
            with pytest.raises(CodeRefused):
                post.answer(visit, code)


@pytest.mark.parametrize(
    "typed", ["", "1234567", "123456789", "1234 678", "１２３４５６７８", "abcdefgh"]
)
def test_what_is_no_code_is_refused_and_counts_for_nothing(post: Post, typed: str) -> None:
    visit = post.ask()
    code = post.code()
    for _ in range(9):
        with pytest.raises(CodeRefused):
            post.answer(visit, typed)
    assert post.answer(visit, code) == BOB


def test_a_race_of_fifty_has_one_winner(post: Post) -> None:
    visit = post.ask()
    code = post.code()
    gate = threading.Barrier(50)
    won: list[Address] = []
    refused: list[CodeRefused] = []

    def run() -> None:
        gate.wait()
        try:
            won.append(post.answer(visit, code))
        except CodeRefused as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=run) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (won, len(refused)) == ([BOB], 49)


def test_fifty_guesses_at_once_are_five(post: Post) -> None:
    """Each guess is paid for before it is looked at."""
    visit = post.ask()
    code = post.code()
    gate = threading.Barrier(50)

    def run() -> None:
        gate.wait()
        post.wrong(visit, but=code)

    threads = [threading.Thread(target=run) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with post.store.reading() as tx:
        assert tx.execute(select(tables.sign_in_codes.c.tries)).scalars().all() == [5]
    assert post.acts().count("code:refused") == 5
    with pytest.raises(CodeRefused):
        post.answer(visit, code)


def test_ten_codes_a_day_for_a_mailbox_however_it_is_spelt(post: Post) -> None:
    spellings = ["bob@example.org", "Bob@example.org", "BOB@EXAMPLE.org"]
    for number in range(attempts.CODES_A_DAY):
        post.ask(Address.parse(spellings[number % 3]), origin=Origin(f"192.0.2.{number}"))
        post.clock.forward(minutes=1)
    with pytest.raises(TooMany) as refusal:
        post.ask(origin=Origin("198.51.100.1"))
    assert refusal.value.retry_after == timedelta(days=1, minutes=-10)
    post.ask(Address.parse("alice@example.org"))
    post.clock.forward(days=1, minutes=-10)
    post.ask()


def test_thirty_codes_an_hour_for_a_network(post: Post) -> None:
    for number in range(attempts.CODES_AN_HOUR):
        post.ask(Address.parse(f"user{number}@example.org"))
    with pytest.raises(TooMany) as refusal:
        post.ask(Address.parse("another@example.org"))
    assert refusal.value.retry_after == timedelta(hours=1)
    post.ask(Address.parse("another@example.org"), origin=Origin("192.0.2.2"))
    post.clock.forward(hours=1)
    post.ask(Address.parse("yet-another@example.org"))


def test_an_ipv6_host_is_one_network() -> None:
    same = {attempts.network_of(f"2001:db8:1:2::{host}") for host in ("1", "ffff", "a:b:c")}
    assert same == {"2001:db8:1:2::/64"}
    assert attempts.network_of("2001:db8:1:3::1") not in same
    for ip in ("192.0.2.1", "::ffff:192.0.2.1"):
        assert attempts.network_of(Origin(ip).ip) == "192.0.2.1"
    assert attempts.network_of("") == ""


def test_wrong_codes_a_day_are_limited_over_all_browsers(post: Post) -> None:
    """An attacker with a network and a browser for each code, while the owner tries to sign in."""
    guesses = 0
    for number in range(attempts.CODES_A_DAY):
        try:
            visit = post.ask(origin=Origin(f"198.51.100.{number}"))
        except TooMany:
            break
        code = post.code()
        for _ in range(7):
            try:
                post.wrong(visit, but=code)
                guesses += 1
            except TooMany:
                break
    with post.store.reading() as tx:
        looked_at = sum(tx.execute(select(tables.sign_in_codes.c.tries)).scalars())
    assert looked_at == attempts.TRIES_A_DAY
    assert guesses >= looked_at
    assert attempts.TRIES_A_DAY * 365 / 10**codes.DIGITS <= 1e-4, "the chance within a year"
    post.clock.forward(days=1)
    assert post.answer(post.ask(), post.code()) == BOB


def fail(post: Post, times: int) -> None:
    """Wrong codes, day after day, as often as the other limits allow."""
    while times:
        visit = post.ask()
        code = post.code()
        now = min(times, codes.TRIES)
        post.wrong(visit, now, but=code)
        times -= now
        post.clock.forward(hours=5)


def test_a_hundred_failures_in_a_row_disable_the_mailbox_for_a_day(post: Post) -> None:
    fail(post, 95)
    visit = post.ask()
    code = post.code()
    post.wrong(visit, 4, but=code)
    live = post.ask()
    good = post.code()
    post.wrong(visit, 1, but=code)  # the hundredth
    with pytest.raises(TooMany) as refusal:
        post.answer(live, good)
    assert refusal.value.retry_after == timedelta(days=1)
    with pytest.raises(TooMany):
        post.ask()
    post.clock.forward(days=1)
    fail(post, 5)
    assert post.answer(post.ask(), post.code()) == BOB
    fail(post, 95)  # a success began the count anew
    assert post.answer(post.ask(), post.code()) == BOB


def test_further_failures_disable_sooner(post: Post) -> None:
    fail(post, 100)
    with pytest.raises(TooMany):
        post.ask()
    post.clock.forward(days=1)
    fail(post, attempts.FURTHER_FAILURES)
    with pytest.raises(TooMany):
        post.ask()


def test_other_mailboxes_are_untouched_by_the_failures_of_one(post: Post) -> None:
    fail(post, 100)
    alice = Address.parse("alice@example.org")
    assert post.answer(post.ask(alice), post.code()) == alice


def test_success_gives_no_failures_to_the_other_codes_of_the_browser(post: Post) -> None:
    for _ in range(3):
        visit = post.ask()
        post.letters()
        post.ask(visit=visit)
        assert post.answer(visit, post.code()) == BOB
    with post.store.reading() as tx:
        assert set(tx.execute(select(tables.sign_in_codes.c.tries)).scalars()) == {0}


@pytest.mark.parametrize(
    ("granted", "typed", "mailed"),
    [
        (["Bob@example.org"], "bob@example.org", "Bob@example.org"),
        (["Bob@example.org"], "BOB@example.org", "Bob@example.org"),
        (["Bob@example.org"], "Bob@example.org", "Bob@example.org"),
        (["Bob@example.org", "bob@example.org"], "bob@example.org", "bob@example.org"),
        (["Bob@example.org", "bob@example.org"], "BOB@example.org", "BOB@example.org"),
        (["Bob@example.org"], "bob@example.com", "bob@example.com"),
        (["bob+x@example.org"], "bob@example.org", "bob@example.org"),
        ([], "Nobody@example.org", "Nobody@example.org"),
        ([], "CLERK@council.gov.uk", "Clerk@council.gov.uk"),
        ([], "INFO@council.gov.uk", "Info@council.gov.uk"),
    ],
)
def test_the_code_goes_to_the_one_spelling_that_is_known(
    post: Post, granted: list[str], typed: str, mailed: str
) -> None:
    grant(post.store, *granted)
    clerk, info = Address.parse("Clerk@council.gov.uk"), Address.parse("Info@council.gov.uk")
    users.add(post.store, clerk, Secret(b"long enough"), [info])
    visit = post.ask(Address.parse(typed))
    [letter] = post.letters()
    assert str(letter.to) == mailed
    assert str(post.answer(visit, letter.fields["code"])) == mailed


def test_an_owner_is_known_as_spelt(post: Post) -> None:
    grant(post.store, "x@example.org")
    users.add(post.store, Address.parse("Clerk@council.gov.uk"), Secret(b"long enough"), [])
    post.ask(Address.parse("clerk@council.gov.uk"))  # the owner of the package above
    [letter] = post.letters()
    assert str(letter.to) == "clerk@council.gov.uk"


def test_unknown_and_known_addresses_leave_the_same_traces(post: Post) -> None:
    grant(post.store, "bob@example.org")
    shapes = []
    for address in (BOB, Address.parse("eve@example.org")):
        visit = post.ask(address)
        code = post.code()
        post.wrong(visit, 2, but=code)
        assert post.answer(visit, code) == address
        with post.store.reading() as tx:
            row = tx.execute(
                select(tables.sign_in_codes).where(tables.sign_in_codes.c.address == str(address))
            ).one()
        shapes.append((len(row.code), len(row.visit), row.tries, row.expires_at - row.asked_at))
    assert shapes[0] == shapes[1]


def everything(store: Store) -> bytes:
    """Every value in the database, as one string of bytes."""
    found = bytearray()
    with store.reading() as tx:
        for table in tables.metadata.sorted_tables:
            for row in tx.execute(select(table)):
                for value in row:
                    found += value if isinstance(value, bytes) else str(value).encode()
                    found += b"\n"
    return bytes(found)


def test_the_database_holds_neither_code_nor_visit(post: Post) -> None:
    visit = post.ask()
    [letter] = outbox.claim(post.store, RelayKeys(RELAY), "test")
    code = letter.fields["code"]
    written = everything(post.store)
    assert BOB.local.encode() in written, "the control: what is there is found"
    for secret in (visit, visit.hex().encode(), code.encode(), PEPPER.reveal()):
        assert secret not in written


def test_a_row_that_was_moved_to_another_address_does_not_open_it(post: Post) -> None:
    """Someone who can write to the database cannot turn his own code into another's."""
    for change in ({"address": "alice@example.org"}, {"id": "x"}, {"code": bytes(32)}):
        visit = post.ask()
        code = post.code()
        with post.store.writing() as tx:
            unused = tables.sign_in_codes.c.used_at.is_(None)
            tx.execute(update(tables.sign_in_codes).where(unused).values(**change))
        with pytest.raises(CodeRefused):
            post.answer(visit, code)
        with post.store.writing() as tx:
            tx.execute(update(tables.sign_in_codes).values(used_at=tx.now))


def test_another_pepper_knows_no_code(post: Post) -> None:
    visit = post.ask()
    code = post.code()
    with pytest.raises(CodeRefused):
        codes.answer(post.store, Secret.random(), visit, code, HERE)
    assert post.answer(visit, code) == BOB


def test_a_browser_without_a_visit_is_a_mistake_of_the_site(post: Post) -> None:
    with pytest.raises(ValueError, match="visit"):
        codes.ask(post.store, SEALING, PEPPER, BOB, b"short", HERE)


def test_codes_are_spread_over_all_digits(post: Post) -> None:
    seen: set[str] = set()
    for number in range(30):
        post.ask(Address.parse(f"user{number}@example.org"))
        seen.add(post.code())
    assert len(seen) == 30
    assert {digit for code in seen for digit in code} == set("0123456789")
    assert len({code[0] for code in seen}) > 3


def test_old_rows_are_forgotten(post: Post) -> None:
    for _ in range(3):
        post.ask()
    post.clock.forward(days=2, seconds=1)
    post.ask()
    with post.store.reading() as tx:
        assert len(tx.execute(select(tables.sign_in_codes.c.id)).all()) == 1


def test_looking_first_and_using_later_would_let_several_in(post: Post) -> None:
    """The negative control of the race: the same answer without the condition in the UPDATE."""
    visit = post.ask()
    code = post.code()
    rows = tables.sign_in_codes
    gate = threading.Barrier(8)
    won: list[bool] = []

    def careless() -> None:
        with post.store.reading() as tx:
            row = tx.execute(select(rows).where(rows.c.used_at.is_(None))).one_or_none()
        right = row is not None and codes._matches(row, PEPPER, visit, code)
        gate.wait()
        if row is not None and right:
            with post.store.writing() as tx:
                tx.execute(update(rows).where(rows.c.id == row.id).values(used_at=tx.now))
            won.append(True)

    threads = [threading.Thread(target=careless) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 8
