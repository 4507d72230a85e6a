"""Whatever bytes come, every reader answers, in time and as it promises (see bench/fuzz).

Small budgets: what runs here is the door, long runs are `python -m bench.fuzz`.
"""

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.fuzz.run import SECONDS
from bench.fuzz.targets import IDENTIFIERS, TARGETS, BrokenPromiseError, held
from tests.policies.fuzz.pieces import bytes_of_mail, changed, policy_texts

# Many texts through the same code: counting its lines takes longer than running it.
pytestmark = pytest.mark.no_cover

BUDGETS = {
    "normalisation": 300,
    "encoded_words": 300,
    "charset": 300,
    "parameters": 300,
    "mail": 150,
    "page": 80,
    "attachment": 80,
    "extraction": 60,
    "policy_file": 100,
    "letter": 40,
    **dict.fromkeys(IDENTIFIERS, 12),
}


# What once broke a reader stays here.
ONCE_BROKEN = [
    ("normalisation", b"SALEH, Layla S | E8810345678901 | 12/06/2017"),
    ("date_of_birth", b"Layla Saleh, 1896-5/2 (Layla Saleh 2145 5 2)"),
]


def inputs(target: str) -> st.SearchStrategy[bytes]:
    pieces = policy_texts() if target == "policy_file" else bytes_of_mail()
    return st.one_of(pieces, changed(target))


def in_time(target: str, data: bytes) -> None:
    began = time.process_time()
    TARGETS[target](data)
    assert time.process_time() - began < SECONDS


def test_every_target_has_a_budget() -> None:
    assert set(BUDGETS) == set(TARGETS)


@pytest.mark.parametrize(("target", "data"), ONCE_BROKEN)
def test_what_once_broke_it_no_longer_does(target: str, data: bytes) -> None:
    in_time(target, data)


@pytest.mark.parametrize("target", BUDGETS)
def test_nothing_breaks_it(target: str) -> None:
    strategy = inputs(target)

    @settings(
        max_examples=BUDGETS[target],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(data: bytes) -> None:
        in_time(target, data)

    run()


@pytest.mark.parametrize("broken", [ValueError("x"), RecursionError(), BrokenPromiseError("x")])
def test_a_broken_reader_would_be_noticed(
    broken: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(data: bytes) -> None:
        if len(data) > 3:
            raise broken

    monkeypatch.setitem(TARGETS, "mail", fails)
    with pytest.raises(type(broken)):
        test_nothing_breaks_it("mail")


def test_a_promise_is_held_or_said_to_be_broken() -> None:
    held(True, "kept")
    with pytest.raises(BrokenPromiseError, match="not kept"):
        held(False, "not kept")


@pytest.mark.parametrize(
    "make",
    [
        lambda n: b"(" * n,
        lambda n: b"=?" * n,
        lambda n: b"=?utf-8?q?" * n,
        lambda n: b'"\\' * n,
        lambda n: b"\r\n " * n,
        lambda n: b"a@" * n,
        lambda n: b"1 " * n,
        lambda n: b"\xcc\x81" * n,
        lambda n: b"<" * n,
        lambda n: b"<div>" * n,
        lambda n: b"&#57;" * n,
        lambda n: b"<!--" * n,
        lambda n: b"--x\r\n\r\n" * n,
    ],
)
@pytest.mark.parametrize("target", ["normalisation", "encoded_words", "parameters", "mail", "page"])
def test_long_repetitions_take_no_longer_than_their_length(
    target: str, make: Callable[[int], bytes]
) -> None:
    in_time(target, b"Subject: " + make(20_000))
