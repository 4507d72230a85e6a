"""How much of a mail is read, and a meter that says when that is spent.

For whatever unpacks, decodes or parses. Promises that a limit is checked before the work it limits
is done. Must never be asked afterwards.
"""

from dataclasses import dataclass

from policies.stopwatch import Stopwatch

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Limits of one extraction. Bytes, characters, counts and seconds."""

    bytes_in: int = 64 * MIB  # of the message
    member: int = 64 * MIB  # of one thing unpacked from another
    unpacked: int = 256 * MIB  # of everything unpacked, one thing after the other
    characters: int = 32 * MIB  # of all passages together
    passages: int = 20_000
    entries: int = 5_000  # files inside files
    depth: int = 8  # files inside files inside files
    ratio: int = 250  # bytes that one packed byte may become
    seconds: float = 8.0  # of this thread's CPU
    documents: bool = True  # False: text and HTML only, and anything else is `NeedsWorker`


class Unreadable(Exception):
    """This attachment cannot be read; the text says why in plain English, without quoting it."""


class Locked(Unreadable):
    """It is encrypted: only who has the key or password can read it."""


class Spent(Exception):
    """A budget of the whole mail is used up: nothing more of it is read."""


class NeedsWorker(Exception):
    """Something stands here that is only read in a process that can be killed."""


class Meter:
    """What has been spent of the budgets of one mail."""

    _SMALL = MIB  # what is unpacked to less than this may be packed as tightly as it likes

    def __init__(self, budgets: Budgets) -> None:
        self.budgets = budgets
        self._time = Stopwatch(budgets.seconds)
        self._unpacked = self._characters = self._passages = self._entries = 0

    def tick(self) -> None:
        """Raise Spent when the time is over."""
        if self._time.is_over():
            raise Spent("it takes too long to read")

    def enter(self) -> None:
        """Count one more file. Raises Spent."""
        self.tick()
        self._entries += 1
        if self._entries > self.budgets.entries:
            raise Spent(f"it holds more than {self.budgets.entries} files")

    def room(self, packed: int) -> int:
        """Say how many bytes something of `packed` bytes may become, at most."""
        by_ratio = max(self._SMALL, packed * self.budgets.ratio)
        return min(by_ratio, self.budgets.member, self.budgets.unpacked - self._unpacked)

    def unpack(self, size: int) -> None:
        """Count bytes that were unpacked. Raises Spent."""
        self._unpacked += size
        if self._unpacked > self.budgets.unpacked:
            raise Spent("unpacked, it is too large")

    def write(self, characters: int) -> None:
        """Count a passage that is about to be kept. Raises Spent."""
        self._characters += characters
        self._passages += 1
        if self._characters > self.budgets.characters or self._passages > self.budgets.passages:
            raise Spent("it holds too much text")
