"""A filter of system calls, so that a worker that was taken over can do next to nothing.

Linux on x86-64 and ARM64; elsewhere nothing is filtered, and the other limits hold alone. What is
refused fails with EPERM. Promises that a filter, once in force, cannot be taken off. Must never
refuse what reading a mail needs: memory, the clock, and the pipes that are open.
"""

import ctypes
import platform
import struct

_SET_SECCOMP, _FILTER = 22, 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # EPERM
_LOAD, _EQUAL, _ABOVE, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _MACHINE_AT = 0, 4  # in struct seccomp_data
_X32 = 0x40000000  # numbers of another calling convention begin here
_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Opening and making files, sockets, processes; looking into other processes; changing the system.
_REFUSED = {
    "x86_64": (
        *(2, 85, 257, 437, 304, 319),  # files, and files in memory
        *(41, 42, 43, 49, 50, 53, 288),  # sockets
        *(56, 57, 58, 59, 322, 435),  # processes
        *(62, 200, 234, 129, 297, 424),  # signals
        *(101, 310, 311, 434, 438, 312),  # ptrace and its kind
        *(82, 83, 258, 84, 86, 87, 88, 264, 263, 265, 266, 316),  # renaming, linking, unlinking
        *(90, 91, 92, 93, 94, 260, 268, 76, 77, 132, 133, 259, 280),  # modes, owners, sizes, nodes
        *(155, 161, 165, 166, 428, 429, 430, 432, 442),  # roots and mounts
        *(321, 323, 298, 425, 426, 427, 272, 308),  # bpf, io_uring, namespaces
        *(29, 30, 31, 64, 65, 68, 69, 240, 253, 294, 300, 248, 249, 250),  # sharing, keys
        *(175, 313, 176, 246, 320, 169, 170, 171, 227, 159, 164, 139),  # the kernel
    ),
    "aarch64": (
        *(56, 437, 265, 279),  # files, and files in memory
        *(198, 199, 200, 201, 202, 203, 242),  # sockets
        *(220, 221, 281, 435),  # processes
        *(129, 130, 131, 138, 240, 424),  # signals
        *(117, 270, 271, 434, 438, 272),  # ptrace and its kind
        *(38, 276, 37, 36, 35, 33, 34),  # renaming, linking
        *(52, 53, 54, 55, 45, 46, 88),  # modes, owners, sizes
        *(41, 51, 40, 39, 428, 429, 430, 432, 442),  # roots and mounts
        *(280, 282, 241, 425, 426, 427, 97, 268),  # bpf, io_uring, namespaces
        *(194, 195, 196, 186, 187, 190, 191, 180, 26, 262, 217, 218, 219),  # sharing, keys
        *(105, 273, 106, 104, 294, 142, 161, 162, 170, 112, 266),  # the kernel
    ),
}  # fmt: skip


def restrict() -> bool:
    """Put the filter in force for this process; tell whether it is.

    PR_SET_NO_NEW_PRIVS must be set (prctl(2)), or the kernel asks for privileges.
    """
    machine = platform.machine()
    if machine not in _MACHINES:
        return False
    program = _program(machine)
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.c_char_p(head), 0, 0) == 0)


def _program(machine: str) -> bytes:
    """Write the filter as classic BPF: one test for each call that is refused."""
    numbers = _REFUSED[machine]
    refuse = len(numbers) + 1  # how far the instruction that refuses is from the first test
    lines = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 1, 0, _MACHINES[machine]),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_ABOVE, refuse, 0, _X32),
        *((_EQUAL, refuse - 1 - at, 0, number) for at, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
