"""PostgreSQL walks through no table that grows, as SQLite does not (`tests.vault.plans`).

It is told to walk only where there is no other way, and counts how often it does: by what it has
done with every statement of a day in the life of a vault, not by what it plans to do. A walk
through an index is not counted.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests import postgres
from tests.vault.bench import ALICE, BOB, CAROL, DAVE, HERE, HandClock, Keys, Safe
from tests.vault.lockup import Lockup
from tests.vault.plans import BOUNDED
from vault.ending import certifying, demand, destroying, legal, upkeep
from vault.hold import lists as held
from vault.hold import settling
from vault.keys import signing
from vault.packages import catalogue, grants, requests
from vault.packages.deposit import GrantFor
from vault.sending import outbox, reminding, reporting
from vault.settings import VaultSettings
from vault.storage.store import Store
from vault.trail import heads, incident, verifying

ONLY = "postgresql"
DAY = timedelta(days=1)


@pytest.fixture
def url() -> Iterator[str]:
    made = postgres.blank_database()
    with closing(postgres.admin()) as server:
        server.run(f'ALTER DATABASE "{postgres.name_of(made)}" SET enable_seqscan = off')
    yield made
    postgres.drop(made)


def a_day(safe: Safe, folder: Path) -> None:
    """Have the vault do what it does all day, of every kind."""
    store, opening, sealing = safe.store, safe.keys.opening, safe.keys.sealing
    folder.mkdir()
    key = signing.make(folder)
    ends = {"kept_after_expiry": DAY, "reminders": 3}
    package = safe.package(BOB, GrantFor(address=CAROL), queued=(DAVE,), expires_in=DAY, terms=ends)
    safe.put(BOB, queued=(DAVE,))
    other = safe.package(CAROL, body=b"other")
    safe.deliver_all()
    outbox.backlog(store)
    safe.open(BOB, package)
    requests.ask(store, sealing, DAVE, other, HERE)
    for owner in (ALICE, BOB):
        catalogue.sent(store, opening, owner, search="plan 7F3K")
        catalogue.sent(store, opening, owner, page=3)
        catalogue.received(store, opening, owner)
        requests.pending(store, owner)
    (asked,) = requests.pending(store, ALICE, other)
    requests.approve(store, sealing, ALICE, asked.id, HERE)
    catalogue.one(store, opening, ALICE, package)
    catalogue.timeline(store, ALICE, package)
    catalogue.conversation(store, opening, ALICE, package)
    grants.revoke(store, ALICE, package, CAROL, HERE, sealing=sealing, officer=DAVE)
    incident.gather(store, package, by="ruth", origin=HERE)
    Lockup(safe).hold()
    held.listed(store, opening, ALICE)
    settling.expire(store, sealing)
    hold = legal.place(store, package, "ruth", "Tribunal")
    legal.in_force(store)
    legal.end(store, hold, "ruth", "Closed", needs_two=False)
    heads.make(store, key)
    verifying.verify(store, [key.public])
    safe.clock.advance(hours=12)
    reminding.remind(store, sealing)
    reporting.report(store, sealing)
    demand.by_owner(store, ALICE, other, HERE)
    safe.clock.advance(days=3)
    destroying.schedule(store)
    destroying.destroy(store)
    certifying.finish(store, lambda: key, "Example Council")
    upkeep.clear(store)


def walked(url: str) -> dict[str, int]:
    """Return which tables that grow were read from their beginning to their end, and how often."""
    asked = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE seq_scan > 0"
    with closing(postgres.admin(postgres.name_of(url))) as server:
        return {name: count for name, count in server.run(asked) if name not in BOUNDED}


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        (None, set()),
        ("outbox_settled", {"outbox"}),
        ("packages_by_owner", {"packages"}),
    ],
)
def test_no_table_that_grows_is_walked_through(
    url: str,
    keys: Keys,
    clock: HandClock,
    tmp_path: Path,
    without: str | None,
    expected: set[str],
) -> None:
    """The controls: without an index, the table that it was of is walked through."""
    settings = VaultSettings(folder=tmp_path / "data", database=url)
    if without:
        with closing(postgres.admin(postgres.name_of(url))) as server:
            server.run(f"DROP INDEX {without}")
    with closing(Store(settings, checkpoints=True, clock=clock)) as store:
        a_day(Safe(store, keys, clock), tmp_path / "keys")
    assert set(walked(url)) == expected  # what a line has counted is told when it ends
