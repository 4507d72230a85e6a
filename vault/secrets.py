"""A secret value that cannot be shown by accident.

Promises that printing, formatting, logging, pickling or walking over an object that holds a
`Secret` never shows the bytes: `reveal()` is the only way to them, and it is easy to search for.
Must never gain a `__bytes__`, an encoder or a field that others can read.
"""

import hmac
import secrets as system_random
from typing import NoReturn

_SHOWN = "Secret(hidden)"


class Secret:
    """Bytes to be used but never shown; compares with another `Secret` in constant time."""

    __slots__ = ("__value",)

    def __init__(self, value: bytes) -> None:
        if not isinstance(value, bytes):
            raise TypeError("a Secret holds bytes")
        self.__value = value

    @classmethod
    def random(cls, size: int = 32) -> "Secret":
        """Draw `size` bytes from the operating system."""
        return cls(system_random.token_bytes(size))

    def reveal(self) -> bytes:
        """Return the bytes themselves."""
        return self.__value

    def __len__(self) -> int:
        return len(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value, other.reveal())

    __hash__ = None  # type: ignore[assignment]  # a hash table would look at the bytes

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _SHOWN

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is not written out")  # pickle of every protocol asks here


def mac(key: Secret, purpose: str, *fields: bytes) -> bytes:
    """Return HMAC-SHA256 (32 bytes) over `purpose` and `fields`.

    Every field goes in behind its length (4 bytes, big-endian), so no two different lists of fields
    give the same input, and one key may serve several purposes without one standing for another.
    """
    every = (b"sealgate/" + purpose.encode(), *fields)
    told = b"".join(len(field).to_bytes(4, "big") + field for field in every)
    return hmac.digest(key.reveal(), told, "sha256")
