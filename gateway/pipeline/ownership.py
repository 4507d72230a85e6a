"""Whose address it is: nobody sends under a name that is not theirs.

A user may write only from addresses that are theirs, in the envelope and in every header that
people read as the sender. The organisation's own mail servers vouch for their users, so on the
trusted port the envelope sender must be one of ours.

Promises that what cannot be read for certain is refused: two programs may show different senders.
Must never take a header as proof of who sent a mail.
"""

import re
from collections.abc import Iterable

from gateway.smtp.handler import MailSession
from gateway.smtp.replies import Reply
from policies.message.mime import Outline
from policies.text.view import decode_header, normalise
from vault.address import Address
from vault.errors import AddressError
from vault.people.users import User

SENDER_HEADERS = ("From", "Sender", "Resent-From", "Resent-Sender")
LONGEST = 4096
"""Bytes of all sender headers together. What is read in them takes time that grows with the square
of a hostile one's length, and more than TEXT_LIMIT is not decoded, so that it could hide a name."""

NO_FROM = Reply(
    550,
    "5.6.0",
    "Not sent to anyone: the message has no From line. Set your address in your mail program.",
)
TWO_FROM = Reply(
    550, "5.6.0", "Not sent to anyone: the message has more than one From or Sender line."
)
EMPTY_FROM = Reply(550, "5.6.0", "Not sent to anyone: there is no address in the From line.")
TOO_LONG = Reply(550, "5.6.0", "Not sent to anyone: the From or Sender line is far too long.")
NOT_DECLARED = Reply(
    550,
    "5.6.7",
    "Not sent to anyone: the sender's address has letters beyond ASCII, and the mail program did "
    "not say so (SMTPUTF8).",
)
FOREIGN_DOMAIN = Reply(
    553, "5.7.1", "Not sent: this port takes mail from the organisation's own addresses only."
)

_QUOTED_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*+"|\((?:[^()\\]|\\.)*+\)', re.DOTALL)
_LIKE_AN_ADDRESS = re.compile(  # from where a word begins: or each of its letters would be tried
    r"(?<![^\s<>,;:()\"\[\]])[^\s<>,;:()\"\[\]]*@[^\s<>,;:()\"\[\]]*"
)
_BLANKS_AROUND_AT = re.compile(r"[ \t]{0,9}@[ \t]{0,9}")
_AROUND = ".'`*_~-!?"  # what people put around an address in a name, and Outlook does


def check_envelope(
    session: MailSession, sender: Address | None, own_domains: Iterable[str]
) -> Reply | None:
    """Return a refusal of MAIL FROM, or None. The null sender is nobody's, so it is allowed."""
    if sender is None:
        return None
    if session.user is not None:
        return (
            None if session.user.may_send_as(sender) else _not_yours("this address", session.user)
        )
    return None if sender.within(own_domains) else FOREIGN_DOMAIN


def check_headers(session: MailSession, outline: Outline) -> Reply | None:
    """Return a refusal of the sender headers, or None."""
    if not outline.all("From"):
        return NO_FROM
    if len(outline.all("From")) > 1 or len(outline.all("Sender")) > 1:
        return TWO_FROM
    undeclared = outline.header_8bit and not session.asked.smtputf8
    if not undeclared and session.user is None:
        return None
    lines = [(name, raw) for name in SENDER_HEADERS for raw in outline.all(name)]
    if sum(len(raw) for _, raw in lines) > LONGEST:
        return TOO_LONG
    if undeclared and any(_is_beyond_ascii(raw) for _, raw in lines):
        return NOT_DECLARED
    refusals = (_check_header(name, raw, session.user) for name, raw in lines)
    return next(filter(None, refusals), None)


def _check_header(name: str, raw: bytes, user: User | None) -> Reply | None:
    """Every address that some program may show must be the user's, in names and comments too."""
    if user is None:
        return None
    written = _written(raw)
    if not written and name == "From":
        return EMPTY_FROM
    if not all(_is_theirs(one, user) for one in written):
        return _not_yours(f"the address in the {name} line", user)
    texts = (_without_own(user, text) for text in decode_header(raw))
    if any(_is_foreign(one, user) for text in texts for one in _made_out(text)):
        return _not_yours(f"an address in the {name} line", user)
    return None


def _written(raw: bytes) -> list[str]:
    """Return what stands in a header as an address, outside quotes and comments."""
    try:
        text = raw.decode()  # RFC 6532
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return _LIKE_AN_ADDRESS.findall(_QUOTED_OR_COMMENT.sub(" ", text))


def _is_beyond_ascii(raw: bytes) -> bool:
    return not raw.isascii() and not all(one.isascii() for one in _written(raw))


def _without_own(user: User, text: str) -> str:
    """Take the user's own addresses beyond ASCII out: in ASCII letters they would be another's."""

    def kept(found: re.Match[str]) -> str:
        return "" if not found[0].isascii() and _is_theirs(found[0], user) else found[0]

    return text if text.isascii() else _LIKE_AN_ADDRESS.sub(kept, text)


def _made_out(text: str) -> set[str]:
    """Return what people would take for an address, whatever characters it is written in."""
    texts = (text, normalise(text).ascii.decode().replace("\\", ""))
    closed = (_BLANKS_AROUND_AT.sub("@", one) for one in texts)
    return {found for one in (*texts, *closed) for found in _LIKE_AN_ADDRESS.findall(one)}


def _is_foreign(text: str, user: User) -> bool:
    """Say whether it is an address, with or without marks around it, and not the user's."""
    spellings = (text, text.strip(_AROUND))
    return any(map(_is_address, spellings)) and not any(_is_theirs(one, user) for one in spellings)


def _is_theirs(text: str, user: User) -> bool:
    try:
        return user.may_send_as(Address.parse(text))
    except AddressError:
        return False


def _is_address(text: str) -> bool:
    try:
        Address.parse(text)
    except AddressError:
        return False
    return True


def _not_yours(what: str, user: User) -> Reply:
    code = 553 if what == "this address" else 550
    return Reply(
        code,
        "5.7.1",
        f"Not sent to anyone: {what} is not yours to send from. "
        f"You are signed in as {user.address}.",
    )
