"""What a client says beside the addresses, and would travel on: ENVID, ORCPT, and its own name.

They are searched by the detectors that the policy's rules name, wherever a rule has them look.
Where something is found the word is left out: ENVID and ORCPT are not passed on and in no report,
and the trace line says `unknown` for the client. The mail goes its way; who reads it loses nothing.

Promises that doubt leaves a word out: one that could not be searched to its end, too. An ORCPT that
is the recipient's own address stays, since that address travels anyway; of any other one, and of a
client's name, identifiers alone are looked for, for mailboxes and machines are named after people.
Must never log a word, nor tell anybody what was found.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

import structlog

from gateway.relay.parameters import RecipientParameters
from gateway.smtp.handler import MailSession
from policies.detectors import Detector, groups
from policies.detectors.scan import Patience, scan
from policies.engine import Policy
from vault.address import Address
from vault.errors import AddressError

SECONDS = 0.5  # of CPU for one word
NAMELESS = "unknown"
_NOT_SOUGHT = "email_address"  # they stand in every envelope
_MOST_CLIENTS = 1000
_SEPARATORS = re.compile(r"[^0-9A-Za-z\u0080-\U0010FFFF]+")

_clients: OrderedDict[tuple[str, str], bool] = OrderedDict()

log = structlog.get_logger()


def cleared(session: MailSession, policy: Policy) -> MailSession:
    """Return the session as it may travel on: itself, unless a word of it must stay behind."""
    said = session.asked.envid or session.asked_for
    if not said and _clients.get((policy.digest, session.helo)):
        return session  # as most mail is: nothing said, by a client that is known
    detectors = _detectors(policy)
    if not detectors:
        return session
    asked, left_out = session.asked, []
    if asked.envid and not _is_clean(asked.envelope_id, detectors.values()):
        asked = replace(asked, envid="")
        left_out.append("envid")
    each = {to: _cleared(to, one, detectors) for to, one in session.asked_for.items()}
    if each != session.asked_for:
        left_out.append("orcpt")
    helo = session.helo
    if helo and not _is_clean_client(helo, policy.digest, detectors):
        helo = NAMELESS
        left_out.append("helo")
    if not left_out:
        return session
    log.info("mail.words_left_out", what=left_out, client_ip=session.peer_ip)
    return replace(session, asked=asked, asked_for=each, helo=helo)


def _detectors(policy: Policy) -> dict[str, Detector]:
    asked = {one.name: one for found in policy.searched.values() for one in found}
    asked.pop(_NOT_SOUGHT, None)
    return asked


def _identifiers(detectors: dict[str, Detector]) -> list[Detector]:
    return [detectors[name] for name in groups.members("identifiers", detectors)]


def _cleared(
    to: Address, asked: RecipientParameters, detectors: dict[str, Detector]
) -> RecipientParameters:
    original = asked.original.partition(";")[2]
    if not original or _is_the_same(original, to) or _is_clean(original, _identifiers(detectors)):
        return asked
    return replace(asked, orcpt="")


def _is_the_same(original: str, to: Address) -> bool:
    try:
        return Address.parse(original) == to
    except AddressError:
        return False


def _is_clean_client(helo: str, digest: str, detectors: dict[str, Detector]) -> bool:
    """Search a client's name, once for each policy: the same few come again and again."""
    key = (digest, helo)
    known = _clients.get(key)
    if known is None:
        known = _clients[key] = _is_clean(helo, _identifiers(detectors))
        if len(_clients) > _MOST_CLIENTS:
            _clients.popitem(last=False)
    return known


def _is_clean(text: str, detectors: Iterable[Detector]) -> bool:
    """Say whether nothing is found, as the word is written and with blanks for its signs."""
    patience, asked = Patience(SECONDS), tuple(detectors)
    readings = dict.fromkeys((text, _SEPARATORS.sub(" ", text), _SEPARATORS.sub("", text)))
    return not any(scan(one, asked, patience) or patience.ended for one in readings)
