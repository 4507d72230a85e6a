"""`python -m bench.vault [--only PART] [--packages N]`: prints the table.

`trail` takes --lines as well. `growth` makes a database of several gibibytes in the temporary
folder.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.vault import deposits, growth, on_postgresql, streams, trail


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.vault", description=__doc__)
    parser.add_argument("--only", choices=["streams", "deposits", "postgresql", "trail", "growth"])
    parser.add_argument("--packages", type=int, default=growth.LARGE)
    parser.add_argument("--lines", type=int, default=trail.LINES)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-vault-") as name:
        folder = Path(name)
        parts: dict[str, Callable[[], list[str]]] = {
            "streams": streams.measure,
            "deposits": lambda: deposits.measure(folder / "deposits"),
            "postgresql": lambda: on_postgresql.measure(folder / "postgresql"),
            "trail": lambda: trail.measure(folder / "trail", said.lines),
            "growth": lambda: growth.measure(folder / "growth", said.packages),
        }
        for part, measure in parts.items():
            if said.only in (None, part):
                (folder / part).mkdir()
                print("\n".join(measure()), flush=True)


if __name__ == "__main__":
    main()
