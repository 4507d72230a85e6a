"""What the SMTP door says: every reply, as data.

Promises that each refusal has an enhanced status code (RFC 3463) and a sentence in plain English,
that lines are printable ASCII of at most 200 characters, and that a failure of ours is always 4xx.
Must never contain what an exception said, nor anything from the content of a mail.
"""

import textwrap
import unicodedata
from dataclasses import dataclass, replace
from typing import Self

from vault.errors import (
    AccessDenied,
    AddressError,
    CannotLock,
    CodeRefused,
    Contended,
    ContentsUnusable,
    DatabaseUnfit,
    KeyServiceSilent,
    KeyUnusable,
    NotHeld,
    Outdated,
    SchemaMismatch,
    SecondLocked,
    StoreUnavailable,
    Tampered,
    TooMany,
    VaultError,
    WrongWords,
)

LONGEST_LINE = 200
MOST_LINES = 20
_DONE = 2

_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "•": "-", "£": "GBP "}
)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: code, enhanced status code (may be empty for 220, 250 to EHLO, 334 and 354), text.

    A newline in `text` starts a new line of a multi-line reply. `close` ends the connection
    after the reply has been sent.
    """

    code: int
    enhanced: str
    text: str
    close: bool = False

    @property
    def done(self) -> bool:
        """Whether a command was carried out, so that nothing more is asked of the client."""
        return self.code // 100 == _DONE

    @property
    def positive(self) -> bool:
        """Whether this says yes (2xx or 3xx)."""
        return self.code // 100 in {2, 3}

    @property
    def status(self) -> str:
        """Return the code and enhanced code: what may be logged."""
        return f"{self.code} {self.enhanced}".rstrip()

    def and_close(self) -> Self:
        """Return the same reply, after which the connection closes."""
        return replace(self, close=True)

    def __bytes__(self) -> bytes:
        """Return the reply as it goes onto the wire (RFC 5321 section 4.2.1)."""
        prefix = f"{self.enhanced} " if self.enhanced else ""
        lines = _lines(self.text, LONGEST_LINE - len("250-") - len(prefix))
        marks = ["-"] * (len(lines) - 1) + [" "]
        return "".join(
            f"{self.code}{mark}{prefix}{line}\r\n" for mark, line in zip(marks, lines, strict=True)
        ).encode("ascii")


def _lines(text: str, width: int) -> list[str]:
    if len(text) <= width and text.isascii() and text.isprintable() and text == text.strip():
        return [text]
    lines = [
        line
        for paragraph in ascii_text(text).split("\n")
        for line in textwrap.wrap(paragraph, width, break_on_hyphens=False)
    ]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], "(shortened)"]
    return lines or [""]


def ascii_text(text: str) -> str:
    """Return `text` in printable ASCII and newlines: accents dropped, the unknown shown as `?`."""
    flat = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    kept = (c for c in flat if not unicodedata.combining(c))
    return "".join(c if c == "\n" or " " <= c <= "~" else " " if c.isspace() else "?" for c in kept)


OK = Reply(250, "2.0.0", "OK")
RESET = Reply(250, "2.0.0", "Forgotten")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
GO_AHEAD = Reply(354, "", "End the message with <CR><LF>.<CR><LF>")
BYE = Reply(221, "2.0.0", "Goodbye", close=True)
CANNOT_VERIFY = Reply(252, "2.0.0", "Send the message and you will be told")
HELP = Reply(214, "2.0.0", "See RFC 5321")
READY_FOR_TLS = Reply(220, "2.0.0", "Ready to start TLS")
AUTHENTICATED = Reply(235, "2.7.0", "Signed in")

TRY_LATER = Reply(451, "4.3.0", "Temporary failure, try again later")
AUTH_TRY_LATER = Reply(454, "4.7.0", "Temporary failure while signing in, try again later")
TLS_UNAVAILABLE = Reply(454, "4.7.0", "TLS is not available here")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients, send the rest separately")
SHUTTING_DOWN = Reply(421, "4.3.2", "Shutting down, try again later", close=True)
TIMED_OUT = Reply(421, "4.4.2", "Nothing heard for too long, closing", close=True)
TOO_SLOW = Reply(421, "4.4.2", "The message comes too slowly, closing", close=True)
HOUSE_FULL = Reply(421, "4.3.2", "Too many connections, try again later", close=True)
TOO_MANY_FROM_YOU = Reply(421, "4.7.0", "Too many connections from your address", close=True)
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands, closing", close=True)
TOO_MANY_MESSAGES = Reply(421, "4.7.0", "Enough messages for one connection", close=True)
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors, closing", close=True)

UNKNOWN_COMMAND = Reply(500, "5.5.2", "Command not recognised")
LINE_TOO_LONG = Reply(500, "5.5.6", "Command line too long")
LINE_UNSAFE = Reply(500, "5.5.2", "Command lines must end in CRLF and hold no NUL", close=True)
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
CHUNKS_UNKNOWN = Reply(502, "5.5.1", "BDAT was not offered", close=True)
NO_ARGUMENT = Reply(501, "5.5.4", "This command takes no argument")
ARGUMENT_NEEDED = Reply(501, "5.5.4", "This command needs an argument")
BAD_HELLO = Reply(501, "5.5.4", "Give your host name after EHLO")
PATH_SYNTAX = Reply(501, "5.5.4", "Write the address in angle brackets after the colon")
BAD_ADDRESS = Reply(501, "5.1.3", "This is not an address we can send to")
BAD_SENDER = Reply(501, "5.1.7", "This is not a sender address we accept")
NOT_ASCII = Reply(
    553, "5.6.7", "An address with letters beyond ASCII needs SMTPUTF8 after MAIL FROM"
)
NOT_UTF8 = Reply(501, "5.5.4", "Letters beyond ASCII must be in UTF-8")
BAD_NOTIFY = Reply(501, "5.5.4", "Write NOTIFY=NEVER, or any of SUCCESS,FAILURE,DELAY")
BAD_PARAMETER = Reply(501, "5.5.4", "Parameter value not understood")
UNKNOWN_PARAMETER = Reply(555, "5.5.4", "Parameter not recognised")
NOT_MAIL = Reply(554, "5.5.0", "This is a mail server. Goodbye", close=True)
EARLY_TALKER = Reply(554, "5.5.0", "You spoke before you were greeted", close=True)
IMPROPER_PIPELINING = Reply(554, "5.5.0", "You did not wait for the answer", close=True)
HELLO_FIRST = Reply(503, "5.5.1", "Send EHLO first")
MAIL_FIRST = Reply(503, "5.5.1", "Send MAIL FROM first")
RECIPIENT_FIRST = Reply(503, "5.5.1", "Send RCPT TO first")
MAIL_ALREADY = Reply(503, "5.5.1", "MAIL FROM was already given")
TLS_ALREADY = Reply(503, "5.5.1", "TLS is already active")
TLS_FIRST = Reply(530, "5.7.0", "Use STARTTLS first")
AUTH_FIRST = Reply(530, "5.7.0", "Sign in first (AUTH)")
AUTH_NEEDS_TLS = Reply(538, "5.7.11", "Signing in needs an encrypted connection: use STARTTLS")
AUTH_NOT_HERE = Reply(502, "5.5.1", "There is no signing in on this port")
AUTH_ALREADY = Reply(503, "5.5.1", "You are signed in already")
AUTH_NOT_NOW = Reply(503, "5.5.1", "Sign in before MAIL FROM")
AUTH_UNKNOWN = Reply(504, "5.5.4", "Sign in by one of the ways that were offered")
AUTH_CANCELLED = Reply(501, "5.7.0", "Sign-in cancelled")
AUTH_UNREADABLE = Reply(501, "5.5.2", "Sign-in data not understood")
AUTH_REFUSED = Reply(535, "5.7.8", "User name, password or token not accepted")
XCLIENT_NOT_NOW = Reply(503, "5.5.1", "Say XCLIENT before MAIL FROM")
BAD_XCLIENT = Reply(501, "5.5.4", "XCLIENT needs ADDR= with an address, and what was offered")
NOT_FROM_HERE = Reply(554, "5.7.1", "This port is for the organisation's mail servers", close=True)
TOO_BIG = Reply(552, "5.3.4", "Not sent to anyone: the message is larger than we accept")
BARE_LINE_END = Reply(
    550,
    "5.6.0",
    "Not sent to anyone: the message has a bare CR or LF (lines must end in CRLF)",
    True,
)
HAS_NUL = Reply(550, "5.6.0", "Not sent to anyone: the message has a NUL byte")

_FOR_ERROR: dict[type[VaultError], Reply] = {
    VaultError: TRY_LATER,
    StoreUnavailable: TRY_LATER,
    Contended: TRY_LATER,
    DatabaseUnfit: TRY_LATER,
    KeyUnusable: TRY_LATER,
    KeyServiceSilent: TRY_LATER,
    ContentsUnusable: TRY_LATER,
    SchemaMismatch: TRY_LATER,
    Tampered: TRY_LATER,
    TooMany: TRY_LATER,
    AddressError: BAD_ADDRESS,
    AccessDenied: Reply(550, "5.7.1", "Not allowed"),
    CodeRefused: AUTH_REFUSED,
    NotHeld: TRY_LATER,
    Outdated: TRY_LATER,
    SecondLocked: TRY_LATER,
    WrongWords: TRY_LATER,
    CannotLock: TRY_LATER,
}


def for_error(error: VaultError) -> Reply:
    """Return what is said when the safe raises `error`: never its text."""
    for kind in type(error).__mro__:
        if kind in _FOR_ERROR:
            return _FOR_ERROR[kind]
    raise TypeError(f"{type(error).__name__} is not an error of the safe")
