"""The grammar of MAIL and RCPT: paths and parameters (RFC 5321 section 4.1.2).

Promises that an address has one reading: a path in angle brackets, no source route, no comment,
only what `vault.address` accepts; and that a parameter is understood only where its extension was
offered. Must never repair: what is not understood is refused.
"""

import re
from dataclasses import dataclass
from functools import cache

from gateway.errors import RefusedError
from gateway.relay.parameters import (
    PLAIN_MAIL,
    PLAIN_RECIPIENT,
    MailParameters,
    RecipientParameters,
    Ret,
)
from gateway.smtp import notifying, replies
from vault.address import Address
from vault.errors import AddressError

_PATH = re.compile(
    r"""[ ]*<(?P<path>
        (?:"(?:[^"\\]|\\.){0,200}")?   # a quoted local part may hold '>' and spaces
        [^<>" ]{0,400}
    )>(?P<rest>(?:[ ].*)?)""",
    re.VERBOSE,
)
_PARAMETER = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[!-<>-~\u0080-\U0010FFFF]+))?"
)
_SIZE = re.compile(r"[0-9]{1,20}")

# AUTH= must be understood where AUTH is offered (RFC 4954 section 5); nothing follows from it.
_ALWAYS = frozenset({"SIZE", "BODY", "AUTH"})
_OF_MAIL = {
    "DSN": frozenset({"RET", "ENVID"}),
    "SMTPUTF8": frozenset({"SMTPUTF8"}),
    "REQUIRETLS": frozenset({"REQUIRETLS"}),
}
_OF_RECIPIENT = frozenset({"NOTIFY", "ORCPT"})
EVERYTHING = frozenset(_OF_MAIL)
"""The extensions that bring parameters of their own."""

Given = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class MailWords:
    """What MAIL FROM said beside the address.

    `size` is the bytes announced (RFC 1870), `body8` is BODY=8BITMIME (RFC 6152), `asked` is what
    travels on with the mail.
    """

    size: int | None = None
    body8: bool = False
    asked: MailParameters = PLAIN_MAIL


def mail_path(
    argument: str, offered: frozenset[str] = EVERYTHING
) -> tuple[Address | None, MailWords]:
    """Read what follows `MAIL`, in the bytes that came as Latin-1; `offered` are extensions.

    None is the null reverse-path. Raise RefusedError.
    """
    path, rest = _path(argument, "FROM:")
    words = _mail_words(_given(rest), offered)
    address = _address(path, replies.BAD_SENDER, utf8=words.asked.smtputf8) if path else None
    return address, words


def recipient_path(
    argument: str, offered: frozenset[str] = EVERYTHING, *, utf8: bool = False
) -> tuple[Address, RecipientParameters]:
    """Read what follows `RCPT`; `utf8` says that MAIL had SMTPUTF8. Raise RefusedError."""
    path, rest = _path(argument, "TO:")
    address = _address(path, replies.BAD_ADDRESS, utf8=utf8)
    return address, _recipient_words(_given(rest), offered, utf8) if rest else PLAIN_RECIPIENT


def _path(argument: str, keyword: str) -> tuple[str, str]:
    if argument[: len(keyword)].upper() != keyword:
        raise RefusedError(replies.PATH_SYNTAX)
    found = _PATH.fullmatch(_text(argument), len(keyword))
    if found is None:
        raise RefusedError(replies.PATH_SYNTAX)
    return found["path"], found["rest"]


def _text(argument: str) -> str:
    """Return what came as UTF-8 (RFC 6531 section 3.3)."""
    if argument.isascii():
        return argument
    try:
        return argument.encode("latin-1").decode("utf-8")
    except UnicodeError as error:
        raise RefusedError(replies.NOT_UTF8) from error


def _address(path: str, refusal: replies.Reply, *, utf8: bool) -> Address:
    if not (utf8 or path.isascii()):
        raise RefusedError(replies.NOT_ASCII)
    try:
        return Address.parse(path)
    except AddressError as error:
        raise RefusedError(refusal) from error


def _given(rest: str) -> Given:
    """Return the parameters by name; None where there is no value."""
    given: Given = {}
    for word in rest.split(" "):
        found = _PARAMETER.fullmatch(word)
        if word and (found is None or found["name"].upper() in given):
            raise RefusedError(replies.BAD_PARAMETER)
        if found is not None:
            given[found["name"].upper()] = found["value"]
    return given


def _mail_words(given: Given, offered: frozenset[str]) -> MailWords:
    if not given:
        return MailWords()
    if given.keys() - _known(offered):
        raise RefusedError(replies.UNKNOWN_PARAMETER)
    size = given.get("SIZE")
    body = (given.get("BODY", "7BIT") or "").upper()
    if ("SIZE" in given and not _SIZE.fullmatch(size or "")) or body not in {"7BIT", "8BITMIME"}:
        raise RefusedError(replies.BAD_PARAMETER)
    ret = (given.get("RET", "FULL") or "").upper()
    if ret not in {"FULL", "HDRS"} or given.get("SMTPUTF8") or given.get("REQUIRETLS"):
        raise RefusedError(replies.BAD_PARAMETER)
    asked = MailParameters(
        smtputf8="SMTPUTF8" in given,
        requiretls="REQUIRETLS" in given,
        ret=Ret(ret) if "RET" in given else None,
        envid=notifying.envid(given["ENVID"] or "") if "ENVID" in given else "",
    )
    return MailWords(int(size) if size else None, body == "8BITMIME", asked)


@cache
def _known(offered: frozenset[str]) -> frozenset[str]:
    return _ALWAYS.union(*(words for keyword, words in _OF_MAIL.items() if keyword in offered))


def _recipient_words(given: Given, offered: frozenset[str], utf8: bool) -> RecipientParameters:
    if given.keys() - (_OF_RECIPIENT if "DSN" in offered else set()):
        raise RefusedError(replies.UNKNOWN_PARAMETER)
    return RecipientParameters(
        notify=notifying.notify(given["NOTIFY"] or "") if "NOTIFY" in given else frozenset(),
        orcpt=notifying.orcpt(given["ORCPT"] or "", utf8=utf8) if "ORCPT" in given else "",
    )
