"""Turns among processes: one at a time, and none is lost with the process that had it."""

import subprocess
import sys
import threading
from pathlib import Path

from sealgate.turns import Turns
from tests.sealgate.node import TOP

HOLDER = """
import sys
from pathlib import Path
from sealgate.turns import Turns
with Turns(Path(sys.argv[1]), "a")(lambda: None):
    print("has it", flush=True)
    sys.stdin.read()
"""


def test_a_process_waits_for_another_and_for_its_end(tmp_path: Path) -> None:
    turns = Turns(tmp_path, "a")
    waits, had = threading.Event(), threading.Event()

    def take() -> None:
        with turns(waits.set):
            had.set()

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=TOP,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"has it\n"
        taking = threading.Thread(target=take)
        taking.start()
        assert waits.wait(60)
        assert not had.is_set()
        other.kill()
    taking.join(60)
    assert had.is_set()


def test_who_need_not_wait_is_not_told_to(tmp_path: Path) -> None:
    told: list[str] = []
    turns = Turns(tmp_path, "a")
    for _ in range(2):
        with turns(lambda: told.append("wait")):
            pass
    assert told == []


def test_threads_take_turns_too(tmp_path: Path) -> None:
    turns, most, inside = Turns(tmp_path, "a"), [0], [0]

    def take() -> None:
        for _ in range(20):
            with turns(lambda: None):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_where_there_is_no_place_for_a_lock_nobody_waits(tmp_path: Path) -> None:
    with Turns(tmp_path / "nowhere", "a")(lambda: None):
        pass
