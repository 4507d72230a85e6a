"""Memory that large mails took is given back."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from pathlib import Path
from sealgate import allocator

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "give back":
    allocator.give_back()
large = b"x" * (24 << 20)
del large  # from now on the C library keeps blocks of this size for itself
before, blocks, pins = resident(), [], []
for _ in range(8):
    blocks.append(b"x" * (8 << 20))
    pins.append(b"x" * 100_000)  # what lies behind a block keeps it from the system
del blocks
print(resident() - before)
"""


@pytest.mark.parametrize(("way", "most"), [("give back", 8 << 20), ("leave alone", 1 << 40)])
def test_large_blocks_go_back_to_the_system(way: str, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, way], capture_output=True, text=True, check=True
    )
    kept = int(done.stdout)
    assert kept < most
    if way == "leave alone":
        assert kept > 32 << 20, "the control: without it they stay"
