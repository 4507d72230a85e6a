"""Answers that no person wrote: out of office, "we have received your mail", read receipts.

RFC 3834 (`Auto-Submitted`), the older fields, and subjects that programs write in the languages of
our neighbours. Promises never to take a failure for one of them: those have been looked for before.
"""

import re2

from gateway.bounces.report import Outcome, Report
from gateway.bounces.returned import Returned

_FIELDS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-response",
    "x-vacation",
    "x-mail-autoreply",
    "x-ms-exchange-inbox-rules-loop",
    "x-msg-auto-reply",
)
_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "autoreply"})
_QUIET_PRECEDENCE = frozenset({"bulk", "junk", "list"})
_SUBJECT = re2.compile(
    r"(?i)^\s*(?:(?:re|aw|fwd?|sv|antw|tr)\s*:\s*)*\W*(?:"
    r"auto(?:matic|mated|mat(?:isch|ic|ico|yczna|ische)?)?[ -]?(?:re(?:ply|sponse|sponder)|antwort)"
    r"|automatic (?:reply|response)|automatische antwort|r[ée]ponse automatique|respuesta autom"
    r"|risposta automatica|odpowied[źz] automatyczna|automatisch antwoord|autosvar|ymateb awtomatig"
    r"|out of (?:the )?office|ooo\b|out-of-office|away from (?:my )?(?:desk|office|the office)"
    r"|on (?:annual |maternity |sick )?leave|on holiday|on vacation|vacation (?:reply|notice)"
    r"|abwesenheit|absence du bureau|fuera de la oficina|fuori sede|allan o'r swyddfa"
    r"|i am (?:currently )?(?:away|out)|currently out"
    r"|(?:thank you|thanks) for (?:your (?:e-?mail|message|enquiry)|contacting)"
    r"|(?:read|not read|gelesen|lu|le[ií]do)\s*:"
    r"|(?:we have received|receipt of) your (?:e-?mail|message|enquiry)"
    r")"
)


def read(mail: Returned) -> Report | None:
    """Return that it is automatic; None if it may be a person's."""
    return Report(Outcome.AUTOMATIC) if _is_automatic(mail) else None


def _is_automatic(mail: Returned) -> bool:
    said = mail.first("auto-submitted").split(";")[0].strip().lower()
    if said and said != "no":
        return True
    if any(mail.first(name) for name in _FIELDS):
        return True
    if "report-type" in mail.content_type and "disposition-notification" in mail.content_type:
        return True
    precedence = mail.first("precedence").strip().lower()
    if precedence in _PRECEDENCE or (precedence in _QUIET_PRECEDENCE and mail.null_sender):
        return True
    return _SUBJECT.search(mail.subject) is not None
