"""What the safe says when it will not or cannot do as asked.

    VaultError
      AddressError       not an address we accept; says why
      KeyUnusable        a key is missing, wrong or unsupported: the process must not start
      KeyServiceSilent   a key service does not answer: the process cannot start now
      Tampered           a ciphertext, header or binding is wrong; never says which byte
      AccessDenied       this reader may not; carries a Denial
      SecondLocked       a package asks for words that have not been typed
      WrongWords         the words of a second lock are not these
      CannotLock         a package cannot be given a second lock; says why
      NotHeld            a held mail is settled already; carries how
      Outdated           a held mail was changed since it was last looked at
      CodeRefused        a sign-in code is wrong, expired, used or another browser's: all the same
      TooMany            a limit is reached; carries how long to wait
      ContentsUnusable   the place of sealed contents is set up wrongly: the process must not start
      StoreUnavailable   database or disk fails: try again later
        Contended        somebody else changed the same at that moment
      SchemaMismatch     the database belongs to another version
      DatabaseUnfit      the database cannot keep what we promise: the text says what to mend

Promises that no message holds content, a code, a key, an SQL statement or a path.
"""

from datetime import datetime, timedelta
from enum import StrEnum


class Denial(StrEnum):
    """Why a reader may not open a package."""

    UNKNOWN = "unknown"  # no such package, or no grant: told apart by nobody
    REVOKED = "revoked"
    EXPIRED = "expired"
    DESTROYED = "destroyed"  # nobody can open it any more, and nobody can change that
    NOT_YET = "not_yet"
    CLOSED = "closed"  # outside its opening hours
    VIEW_ONLY = "view_only"  # to be read on the site; no copy is given out
    TOO_WEAK = "too_weak"  # the way they signed in proves less than the package asks for


class VaultError(Exception):
    """Whatever the safe refuses or fails at."""


class AddressError(VaultError):
    """The text is not an address we accept."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyUnusable(VaultError):
    """A key is missing, wrong or unsupported: start is refused."""


class KeyServiceSilent(VaultError):
    """A key service does not answer, or cannot work now. Temporary."""


class Tampered(VaultError):
    """What was stored is not what was sealed."""

    def __init__(self) -> None:
        super().__init__("the sealed data does not verify")


class AccessDenied(VaultError):
    """This reader may not open or manage this package; `opens_at` is when they may, if known."""

    def __init__(self, denial: Denial, opens_at: datetime | None = None) -> None:
        super().__init__(denial.value)
        self.denial = denial
        self.opens_at = opens_at


class SecondLocked(VaultError):
    """The package has a second lock, and its words have not been typed in this browser."""

    def __init__(self) -> None:
        super().__init__("the package has a second lock")


class WrongWords(VaultError):
    """These are not the words of the package's second lock."""

    def __init__(self) -> None:
        super().__init__("the words are not right")


class CannotLock(VaultError):
    """The package cannot be given a second lock."""


class NotHeld(VaultError):
    """A held mail is settled: `state` (a word of `vault.storage.tables.HoldState`) says how."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the mail is no longer held: {state}")
        self.state = state


class Outdated(VaultError):
    """A held mail was changed since whoever acts has looked at it: look again."""

    def __init__(self) -> None:
        super().__init__("the held mail has been changed meanwhile")


class CodeRefused(VaultError):
    """The sign-in code does not count."""

    def __init__(self) -> None:
        super().__init__("the code is not valid")


class TooMany(VaultError):
    """A limit is reached; `retry_after` is how long to wait."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("too many attempts")
        self.retry_after = retry_after


class ContentsUnusable(VaultError):
    """The place of sealed contents is set up wrongly: start is refused."""


class StoreUnavailable(VaultError):
    """Database or disk fails. Temporary: SMTP 451, HTTP 503. `why` is in words for people."""

    def __init__(self, what: str = "the store is not available", why: str = "") -> None:
        super().__init__(f"{what}: {why}" if why else what)


class Contended(StoreUnavailable):
    """Somebody else changed the same at that moment: nothing is left of the work; do it again."""


class DatabaseUnfit(VaultError):
    """The database cannot keep what we promise, as it is set up: start is refused."""


class SchemaMismatch(VaultError):
    """The database was written by another version of the schema.

    `mends` says that `sealgate migrate` would bring it up to date.
    """

    def __init__(self, found: str, wanted: str, *, mends: bool = False) -> None:
        says = f"the database has schema version {found}, this program needs {wanted}"
        super().__init__(f"{says}: run `sealgate migrate` on one node" if mends else says)
        self.found = found
        self.wanted = wanted
