"""The proof that no statement walks through a table which grows can fail (see `tests.vault.plans`).

The proof itself is part of every other test here: `conftest` asks about whatever they have the
vault run.
"""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.blank import blank_vault
from tests.vault.bench import ALICE, Keys
from tests.vault.plans import Plans, watching
from vault.ending import upkeep
from vault.sending import warnings
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

ONLY = "sqlite"


@pytest.mark.parametrize(
    ("without", "asker"),
    [
        ("outbox_settled", "ending.upkeep._forget_settled"),
        ("ix_receipts_accepted_at", "packages.receipts.forget_old"),
        ("outbox_warnings", "sending.warnings._last"),
        ("events_of_warnings", "sending.warnings._newest"),
    ],
)
def test_a_walk_through_a_table_is_seen(
    tmp_path: Path, keys: Keys, without: str, asker: str
) -> None:
    asked = Plans(without)
    folder = blank_vault(tmp_path / "data")
    with watching(asked), closing(Store(VaultSettings(folder=folder))) as store:
        upkeep.clear(store)
        warnings.warn(store, keys.sealing, ALICE, "7F3K-92QD", [("rule", "A sentence.")])
        with store.reading() as tx:
            tx.execute(select(tables.events)).all()  # a test may look at everything
    assert {problem.partition(":")[0] for problem in asked.problems} == {asker}


def test_a_step_without_a_condition_is_a_walk() -> None:
    asked = Plans()
    assert asked.walks("SELECT max(id) FROM events WHERE actor = 'x'", ())
    assert asked.walks("SELECT * FROM packages ORDER BY id", ())
    assert not asked.walks("SELECT max(id) FROM events", ())
    assert not asked.walks("SELECT * FROM packages WHERE id = 'x'", ())
    assert not asked.walks("SELECT * FROM users", ())
