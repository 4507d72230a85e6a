"""Whatever bytes arrive: an answer, soon, that a worker could give."""

import random
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import FILES, MAILS, PAGES, TARGETS, Target

PATIENT = settings(
    max_examples=150, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)  # fmt: skip
TOO_LONG = 2.0  # seconds of CPU


def run(target: Target, data: bytes) -> None:
    began = time.process_time()
    target.run(data)
    assert time.process_time() - began < TOO_LONG


@PATIENT
@given(st.sampled_from(MAILS), st.randoms(use_true_random=False))
def test_any_mail(seed: bytes, draw: random.Random) -> None:
    run(TARGETS["mail"], mutated([seed, *MAILS[:3]], draw))


@settings(PATIENT, max_examples=400)
@given(st.sampled_from(FILES), st.randoms(use_true_random=False))
def test_any_file(seed: bytes, draw: random.Random) -> None:
    run(TARGETS["file"], mutated([seed, *FILES[:3]], draw))


@PATIENT
@given(st.sampled_from(PAGES), st.randoms(use_true_random=False))
def test_any_page(seed: bytes, draw: random.Random) -> None:
    run(TARGETS["page"], mutated([seed, *PAGES[:3]], draw))


@PATIENT
@given(st.binary(max_size=2000))
def test_any_bytes(data: bytes) -> None:
    for target in TARGETS.values():
        run(target, data)
