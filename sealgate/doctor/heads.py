"""Looks at where the audit's heads go: a witness that cannot be told shows nothing later.

Promises to write nothing. Servers are not asked: they are told the heads they missed.
"""

import os
from collections.abc import Iterator

from sealgate.doctor.findings import Finding, Verdict, good
from sealgate.settings import Settings

_WHAT = "file of audit heads"


def heads(settings: Settings) -> Iterator[Finding]:
    """Say whether this user may append to the file that the settings name."""
    file = settings.audit.heads_file
    if file is None:
        return
    if file.is_dir():
        yield Finding(_WHAT, Verdict.BAD, f"{file} is a folder; audit.heads_file names a file")
    elif not file.parent.is_dir():
        yield Finding(_WHAT, Verdict.BAD, f"there is no folder {file.parent}")
    elif not os.access(file if file.exists() else file.parent, os.W_OK):
        yield Finding(_WHAT, Verdict.BAD, f"this user may not write to {file}")
    else:
        yield good(_WHAT, f"can be written, {file}")
