"""Whatever a file is changed to: an answer, soon, that a worker could give."""

import random
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.fuzz.mutation import mutated
from policies.extraction import wire
from policies.extraction.budgets import MIB, Budgets
from policies.extraction.mail import extract
from policies.message.mime import outline
from tests.policies.extraction.mails import attached
from tests.policies.extraction.test_hiding_in_mail import ENCRYPTED, HIDDEN
from tests.policies.extraction.test_kinds_read import FILES

MAILS = [*HIDDEN.values(), *ENCRYPTED.values()]
SMALL = Budgets(
    bytes_in=MIB, member=MIB, unpacked=4 * MIB, characters=MIB, passages=2000, entries=500,
    seconds=1.5,
)  # fmt: skip
PATIENT = settings(
    max_examples=150, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)  # fmt: skip
TOO_LONG = 2.0  # seconds of CPU


def read(raw: bytes) -> None:
    """Read a mail, and carry the answer as a worker would."""
    began = time.process_time()
    found = outline([raw])
    content = extract(found, [raw], SMALL)
    answer = wire.Answer(SMALL, len(found.parts))
    for frame in wire.pack(content):
        answer.feed(frame)
    assert answer.complete
    assert answer.content() == content
    assert time.process_time() - began < TOO_LONG


@PATIENT
@given(st.sampled_from(MAILS), st.sampled_from(MAILS), st.randoms(use_true_random=False))
def test_any_mail(seed: bytes, other: bytes, draw: random.Random) -> None:
    read(mutated(seed, other, draw))


@settings(PATIENT, max_examples=400)
@given(st.sampled_from(FILES), st.sampled_from(FILES), st.randoms(use_true_random=False))
def test_any_file(seed: bytes, other: bytes, draw: random.Random) -> None:
    read(attached(mutated(seed, other, draw)))


@PATIENT
@given(st.binary(max_size=2000))
def test_any_bytes(data: bytes) -> None:
    read(data)
    read(attached(data))
