"""One target by atheris, which follows the branches that are taken.

Run by `python -m bench.fuzz` as a module of its own, because the readers must be imported under
its eyes. Where atheris is not installed this module cannot be run, and mutation is used instead.
"""

import hashlib
import os
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["policies"]):
    from bench.fuzz.run import Watch, report
    from bench.fuzz.seeds import seeds
    from bench.fuzz.targets import TARGETS


def main() -> None:
    """Run a target for some seconds: `TARGET SECONDS SEED FOLDER`."""
    name, seconds, seed, folder = sys.argv[1:]
    watch = Watch(name, TARGETS[name], Path(folder))
    corpus = watch.folder / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in seeds(name):
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    until = time.monotonic() + int(seconds)

    def run(data: bytes) -> None:
        watch.run(data)
        if time.monotonic() > until:
            report(watch)
            os._exit(bool(watch.findings))  # the fuzzer would end the process without a word

    options = [f"-seed={seed}", "-max_len=60000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
