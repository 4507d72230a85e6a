"""What a worker gives up before it reads its first mail, so that a hostile file gains nothing.

Linux. Promises no new open file, no file written, no process, no core, no network, and a ceiling on
memory; most of it twice, by limits and by a filter of system calls. Must never be called in a
process that has other work.
"""

import ctypes
import os
import resource
from contextlib import suppress
from pathlib import Path

from policies.extraction import seccomp

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_DUMPABLE, _NO_NEW_PRIVS = 4, 38
_PIPES = 3  # standard input, output and error
_CPU_FOR_LIFE = 3600


def confine(memory: int) -> None:
    """Give up what reading needs not. `memory` is how many bytes may be taken beyond today's."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_DUMPABLE, 0, 0, 0, 0)
    # Refused in many containers: then RLIMIT_NOFILE alone keeps sockets away.
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, _address_space() + memory),
        (resource.RLIMIT_NOFILE, _PIPES),
    ):
        with suppress(ValueError, OSError):  # a stricter limit is in force already
            resource.setrlimit(limit, (most, most))
    seccomp.restrict()


def allow_seconds(seconds: int) -> None:
    """Let this process use so much CPU from now on; then the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + seconds + 1
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (min(until, _CPU_FOR_LIFE), _CPU_FOR_LIFE))


def _address_space() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
