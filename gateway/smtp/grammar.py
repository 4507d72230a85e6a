"""The grammar of MAIL and RCPT: paths and parameters (RFC 5321 section 4.1.2).

Promises that an address has one reading: a path in angle brackets, no source route, no comment,
only what `vault.address` accepts. Must never repair: what is not understood is refused.
"""

import re
from dataclasses import dataclass

from gateway.errors import RefusedError
from gateway.smtp import replies
from vault.address import Address
from vault.errors import AddressError

_PATH = re.compile(
    r"""[ ]*<(?P<path>
        (?:"(?:[^"\\]|\\.){0,200}")?   # a quoted local part may hold '>' and spaces
        [^<>" ]{0,400}
    )>(?P<rest>(?:[ ].*)?)""",
    re.VERBOSE,
)
_PARAMETER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[!-<>-~]+))?")
_SIZE = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class MailParameters:
    """What MAIL FROM said beside the address: bytes announced (RFC 1870), 8BITMIME (RFC 6152)."""

    size: int | None = None
    body8: bool = False


def mail_path(argument: str) -> tuple[Address | None, MailParameters]:
    """Read what follows `MAIL`. None is the null reverse-path. Raise RefusedError."""
    path, rest = _path(argument, "FROM:")
    address = _address(path, replies.BAD_SENDER) if path else None
    return address, _mail_parameters(rest)


def recipient_path(argument: str) -> Address:
    """Read what follows `RCPT`. Raise RefusedError."""
    path, rest = _path(argument, "TO:")
    address = _address(path, replies.BAD_ADDRESS)
    if rest.split():
        raise RefusedError(replies.UNKNOWN_PARAMETER)
    return address


def _path(argument: str, keyword: str) -> tuple[str, str]:
    if argument[: len(keyword)].upper() != keyword:
        raise RefusedError(replies.PATH_SYNTAX)
    if not argument.isascii():
        raise RefusedError(replies.NOT_ASCII)
    found = _PATH.fullmatch(argument, len(keyword))
    if found is None:
        raise RefusedError(replies.PATH_SYNTAX)
    return found["path"], found["rest"]


def _address(path: str, refusal: replies.Reply) -> Address:
    try:
        return Address.parse(path)
    except AddressError as error:
        raise RefusedError(refusal) from error


def _mail_parameters(rest: str) -> MailParameters:
    given: dict[str, str | None] = {}
    for word in rest.split():
        found = _PARAMETER.fullmatch(word)
        if found is None or found["name"].upper() in given:
            raise RefusedError(replies.BAD_PARAMETER)
        given[found["name"].upper()] = found["value"]
    # AUTH= must be understood where AUTH is offered (RFC 4954 section 5); nothing follows from it.
    if given.keys() - {"SIZE", "BODY", "AUTH"}:
        raise RefusedError(replies.UNKNOWN_PARAMETER)
    size = given.get("SIZE")
    body = (given.get("BODY", "7BIT") or "").upper()
    if ("SIZE" in given and not _SIZE.fullmatch(size or "")) or body not in {"7BIT", "8BITMIME"}:
        raise RefusedError(replies.BAD_PARAMETER)
    return MailParameters(size=int(size) if size else None, body8=body == "8BITMIME")
