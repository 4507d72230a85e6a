"""What is loaded before processes are forked, and what only workers load."""

import subprocess
import sys

from tests.sealgate.node import TOP

SERVING = """
import sys
import sealgate.commands.serve
from sealgate import preloading
import threading
preloading.preload()
from policies.detectors.names import gazetteer
assert gazetteer._words.cache_info().currsize == 1
assert threading.active_count() == 1
print(*sys.modules)
"""


def test_the_program_is_loaded_without_what_only_workers_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVING], capture_output=True, text=True, check=True, cwd=TOP
    )
    loaded = set(done.stdout.split())
    assert {"vault.storage.sqlite", "policies.detectors.ready"} <= loaded
    of_workers = {"pypdf", "PIL", "reportlab", "policies.extraction.readers.files"}
    assert not of_workers & loaded
