"""Keeping the memory of a process that holds keys off the disk and out of other processes.

Promises no core dump and no reading by another process of the same user (prctl(2),
PR_SET_DUMPABLE), and no page in the swap where the limit for locked memory is lifted
(mlockall(2), `LimitMEMLOCK=infinity`). Linux; elsewhere only the core dump is prevented.
Must never fail: it is a second line of defence, and systemd's `MemorySwapMax=0` is the first.
"""

import ctypes
import resource
import sys

_DUMPABLE = 4
_NOW, _LATER, _ON_FAULT = 1, 2, 4


def keep_off_disk() -> bool:
    """Do all of that for this process; returns whether its memory is locked."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_DUMPABLE, 0, 0, 0, 0)
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != resource.RLIM_INFINITY:  # with a limit, any later allocation could fail
        return False
    return int(libc.mlockall(_NOW | _LATER | _ON_FAULT)) == 0
