"""Why a mail was not delivered, in plain words, from an enhanced status code (RFC 3463).

Promises a short clause for any text: "there is no such mailbox". Beyond the code, nothing that
another server wrote is repeated. Pure.
"""

import re

_STATUS = re.compile(r"([245])\.(\d{1,3}\.\d{1,3})(?![\d.])")
_CLAUSES = {
    "1.0": "the address is not accepted there",
    "1.1": "there is no such mailbox",
    "1.2": "the part after the @ cannot receive mail",
    "1.3": "the address is not written in a form that mail servers accept",
    "1.6": "the mailbox has moved, and it is not known where to",
    "1.10": "that domain says that it receives no mail",
    "2.0": "the mailbox does not take mail at the moment",
    "2.1": "the mailbox is not in use at the moment",
    "2.2": "the mailbox is full",
    "2.3": "the message is larger than the mailbox accepts",
    "3.4": "the message is larger than the other mail server accepts",
    "4.1": "the other mail server could not be reached",
    "4.4": "it is not known where to deliver mail for that domain",
    "4.6": "the message went in circles between mail servers",
    "4.7": "the other mail server did not take the message, although it was tried for days",
    "6.7": "the other mail server cannot handle the characters in an address",
    "7.1": "the other mail server refused the message because of its own rules",
}
DROPPED = "5.7.0 Taken out of the queue by an administrator"
_ANY_PERMANENT = "the other mail server refused the message"
_ANY_TEMPORARY = "the other mail server did not take the message"


def code_of(status: str) -> str:
    """Return the part of a status code that says why, "1.1" of "5.1.1 User unknown"; "" if none."""
    found = _STATUS.search(status)
    return found[2] if found else ""


def clause(status: str) -> str:
    """Say why in a few words that can follow "because" or a colon."""
    if status == DROPPED:
        return "it was taken out of the queue by an administrator"
    found = _STATUS.search(status)
    if found is None:
        return _ANY_PERMANENT
    return _CLAUSES.get(found[2], _ANY_TEMPORARY if found[1] == "4" else _ANY_PERMANENT)


def is_address(status: str) -> bool:
    """Say whether another spelling of the address may help."""
    return code_of(status) in {"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4"}
