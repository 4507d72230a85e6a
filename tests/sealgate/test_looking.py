"""When a running node reads its policy again: what was saved, once it has settled."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sealgate import settings
from sealgate.policy.governing import Governing
from tests.sealgate.governed import opened
from tests.sealgate.node import Node
from vault import keys


@pytest.fixture
def governing(ready: Node) -> Iterator[Governing]:
    rosters = ready.folder / "rosters"
    rosters.mkdir()
    ready.spoil("[policy]\n", f'[policy]\nrosters = "{rosters}"\n')
    assert ready.type("user", "list").exit_code == 0
    chosen = settings.load(ready.config)
    with closing(opened(ready)) as store:
        made = Governing(chosen, store, keys.load_sealing(chosen.keys_folder))
        made.begin()
        yield made


def saved(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.mark.parametrize("name", ["policy.yaml", "generic_mailboxes.txt", "rosters/staff.roster"])
def test_what_is_saved_is_read_once_it_has_settled(
    governing: Governing, ready: Node, name: str
) -> None:
    assert not governing._is_due(asked=False)
    saved(ready.folder / name, "one\n")
    assert not governing._is_due(asked=False), "it may still be being written"
    saved(ready.folder / name, "one and more\n")
    assert not governing._is_due(asked=False)
    assert governing._is_due(asked=False)
    assert not governing._is_due(asked=False), "once is enough"


def test_who_asks_need_not_wait(governing: Governing) -> None:
    assert governing._is_due(asked=True)


def test_a_node_that_is_in_step_has_nothing_to_do(governing: Governing) -> None:
    with governing._admission.store.reading() as tx:
        from vault import rulebook

        mine = rulebook.in_force(tx)
    assert mine is not None
    assert governing._look(mine, asked=True) is None
