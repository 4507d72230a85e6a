"""Opens a package that was exported sealed, with the words of its second lock.

    python open_exported.py EXPORT_FOLDER PACKAGE_ID > message.eml

Needs `open_sealed.py` beside it, the `cryptography` package, and no key: see export-format.md.
"""

import base64
import getpass
import json
import os
import sys
from pathlib import Path

from open_sealed import open_second_lock, open_stream


def main() -> None:
    """Write the message to standard output."""
    folder, package_id = Path(sys.argv[1]), sys.argv[2]
    above = folder / "packages" / package_id[:2]
    told = json.loads((above / f"{package_id}.json").read_text(encoding="utf-8"))
    lock = told["lock"] or sys.exit(f"this package is {told['state']}: it has no second lock")
    words = os.environ.get("SEALGATE_WORDS") or getpass.getpass("The six words: ")
    enclosed, stored = (base64.b64decode(lock[name]) for name in ("enclosed", "parameters"))
    key = open_second_lock(enclosed, stored, package_id, words)
    with (folder / told["content"]["file"]).open("rb") as file:
        for piece in open_stream(file, key, lock["content_id"], 0):
            sys.stdout.buffer.write(piece)


if __name__ == "__main__":
    main()
