"""Time that is used up, and time that only passes."""

import time

from policies.stopwatch import Stopwatch


def test_work_uses_time_up() -> None:
    watch, began = Stopwatch(0.1), time.thread_time()
    assert not watch.is_over()
    while not watch.is_over():
        assert time.thread_time() - began < 1
    assert time.thread_time() - began > 0.05


def test_waiting_does_not() -> None:
    watch = Stopwatch(0.3)
    for _ in range(50):
        time.sleep(0.01)
        assert not watch.is_over()


def test_work_that_never_asked_has_used_it_all() -> None:
    watch, began = Stopwatch(0.1), time.thread_time()
    while time.thread_time() - began < 0.2:
        pass
    assert watch.is_over()


def test_no_time_is_over_at_once_and_endless_time_never() -> None:
    assert Stopwatch(-1).is_over()
    assert not Stopwatch(float("inf")).is_over()
