"""What a mail needs of a server that does not offer it, known before the server is told anything.

Promises that no byte of a mail is changed to suit a server: what it cannot carry is returned. Pure.
"""

from gateway.relay.answers import Answer
from gateway.relay.letter import Letter
from gateway.relay.session import Session
from vault.address import Address


def shortcomings(session: Session, letter: Letter) -> dict[Address, Answer]:
    """Return the refusals for recipients who cannot be reached with this mail over `session`.

    Size (RFC 1870), 8-bit content (RFC 6152 section 3 leaves returning it, or rewriting it),
    characters beyond ASCII (RFC 6531 section 3.2) and required TLS (RFC 8689 section 4.2.1).
    """
    everyone = _for_everyone(session, letter)
    if everyone is not None:
        return dict.fromkeys(letter.recipients, everyone)
    if "SMTPUTF8" in session.offers:
        return {}
    host = session.host
    text = f"{host} does not take addresses with characters beyond ASCII (SMTPUTF8)"
    refusal = Answer(553, "5.6.7", text)
    return {to: refusal for to in letter.recipients if not to.local.isascii()}


def _for_everyone(session: Session, letter: Letter) -> Answer | None:
    host, offers = session.host, session.offers
    limit = offers.get("SIZE", "")
    if limit.isdigit() and 0 < int(limit) < letter.size:
        return Answer(552, "5.3.4", f"The mail has {letter.size} bytes; {host} takes {limit}")
    if letter.eight_bit and "8BITMIME" not in offers:
        return Answer(554, "5.6.3", f"The mail has 8-bit text, which {host} does not take")
    if letter.asked.requiretls and not (session.verified and "REQUIRETLS" in offers):
        text = f"The sender asked for TLS all the way, which {host} does not promise (REQUIRETLS)"
        return Answer(550, "5.7.30", text)
    path = letter.return_path
    sender_in_ascii = path is None or path.local.isascii()
    if (letter.asked.smtputf8 or not sender_in_ascii) and "SMTPUTF8" not in offers:
        text = f"{host} does not take mail with addresses beyond ASCII (SMTPUTF8)"
        return Answer(550, "5.6.7", text)
    return None
