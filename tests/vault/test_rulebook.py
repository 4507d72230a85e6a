"""The rulebook: what is in force, what was, and what waits for a second person."""

import pytest

from tests.vault.bench import HandClock
from vault import rulebook
from vault.rulebook import PolicyActKind, Version
from vault.storage.store import Store

A, B, C = ("a" * 64, "b" * 64, "abc" + "c" * 61)


def version(digest: str) -> Version:
    return Version(
        digest=digest,
        file="policy.yaml",
        content=f"# é {digest}\n".encode(),
        lists={"ours.txt": b"nhs.net\n", "theirs.txt": b"\xff"},
    )


def activate(store: Store, digest: str) -> None:
    with store.writing() as tx:
        rulebook.write(tx, PolicyActKind.ACTIVATED, digest, by="ann", version=version(digest))


def test_nothing_is_in_force_at_first(store: Store) -> None:
    with store.reading() as tx:
        assert rulebook.in_force(tx) is None
        assert rulebook.in_force_before(tx) is None
        assert rulebook.history(tx) == []


def test_the_last_activation_is_in_force(store: Store, clock: HandClock) -> None:
    for digest in (A, B, A):
        activate(store, digest)
    with store.reading() as tx:
        assert rulebook.in_force(tx) == A
        assert rulebook.in_force_before(tx) == B
        lines = rulebook.history(tx)
    assert [(line.digest, line.previous) for line in lines] == [(A, B), (B, A), (A, "")]
    assert lines[0].at == clock()
    assert (lines[0].by, lines[0].why) == ("ann", ())


def test_the_text_and_its_lists_come_back_as_they_were(store: Store) -> None:
    activate(store, A)
    with store.reading() as tx:
        assert rulebook.find(tx, A[:4]) == version(A)


@pytest.mark.parametrize(
    ("start", "said"),
    [("a", "at least 4"), ("ffff", "no policy ffff"), ("aaaa", "several"), ("a%%a", "no policy")],
)
def test_a_digest_that_leads_to_no_single_text(store: Store, start: str, said: str) -> None:
    activate(store, A)
    activate(store, "aaaa" + "b" * 60)
    with store.reading() as tx, pytest.raises(LookupError, match=said):
        rulebook.find(tx, start)


def test_a_proposal_and_its_approval_hold_for_what_is_in_force_only(store: Store) -> None:
    activate(store, A)
    with store.writing() as tx:
        why = ("the rule x is gone", "y")
        rulebook.write(tx, PolicyActKind.PROPOSED, B, by="ann", why=why, version=version(B))
    with store.reading() as tx:
        proposal = rulebook.proposal(tx, B)
        assert proposal is not None
        assert (proposal.by, proposal.why, proposal.previous) == ("ann", why, A)
        assert not rulebook.is_approved(tx, B)
        assert rulebook.in_force(tx) == A
    with store.writing() as tx:
        rulebook.write(tx, PolicyActKind.APPROVED, B, by="jo")
        assert rulebook.is_approved(tx, B)
    activate(store, C)
    with store.reading() as tx:
        assert not rulebook.is_approved(tx, B)
        assert rulebook.proposal(tx, B) is None


def test_a_refused_text_is_written_down_once(store: Store) -> None:
    with store.writing() as tx:
        refuse = (tx, PolicyActKind.REFUSED, B)
        assert rulebook.write(*refuse, by="ann", why=("policy.yaml:1: a tab",))
        assert not rulebook.write(*refuse, by="ann")
        assert rulebook.write(tx, PolicyActKind.REFUSED, C, by="ann")
        assert len(rulebook.history(tx)) == 2
