"""Sanitising with a bound on time and memory, whatever the mail.

HTML parsing by the standard can take time that grows with the square of hostile input: half a
megabyte of `<div>` keeps a core busy for minutes. Small documents cannot do harm and are cleaned
on the spot. Larger ones are cleaned in a process of their own that holds no key, inherits no
environment and is ended by the kernel when it has used its share.

Promises a clean result or `TooHard`. Must never run an unbounded parse in the web door itself.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping

from webreader.content.sanitise import Clean, clean

LONGEST = 4 * 1024 * 1024  # characters of HTML; Web mail readers cut at a fortieth of that
_SMALL_TAGS = 1_000  # with these two the slowest document we could make took 0.8 s
_SMALL = 256 * 1024
_CPU_SECONDS = 3
_MEMORY = 1024**3
_WALL_SECONDS = 20


class TooHard(Exception):
    """This HTML cannot be made safe within bounds."""


def scrub(html: str, inline: Mapping[str, str] | None = None) -> Clean:
    """Return `html` made safe, as `webreader.content.sanitise.clean` does. Raises TooHard."""
    if len(html) > LONGEST:
        raise TooHard
    if len(html) <= _SMALL and html.count("<") <= _SMALL_TAGS:
        return clean(html, inline)
    return _apart(html, inline or {})


def _apart(html: str, inline: Mapping[str, str]) -> Clean:
    """Clean `html` in a process of its own."""
    request = json.dumps({"html": html, "inline": dict(inline)}).encode("ascii")
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-P", "-m", "webreader.content.scrub", str(_CPU_SECONDS)],
            input=request,
            capture_output=True,
            timeout=_WALL_SECONDS,
            check=True,
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        answer = json.loads(done.stdout)
        return Clean(answer["html"], answer["remote"], answer["left_out"])
    except (OSError, subprocess.SubprocessError, ValueError) as why:
        raise TooHard from why


def _serve(cpu_seconds: int) -> None:
    """Clean one document from standard input, within limits the kernel enforces."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = json.loads(sys.stdin.buffer.read())
    result = clean(request["html"], request["inline"])
    answer = {"html": result.html, "remote": result.remote, "left_out": result.left_out}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
