"""What each act of the audit trail means, in a sentence: for docs/reference/audit.md.

Promises a sentence for every act there is. An act is `noun:verb`: what it was done to, and what was
done, as a participle; either may be several words joined by `_`.
"""

import re
from typing import Final

from vault.trail.audit import Act

GRAMMAR: Final = re.compile(r"[a-z]+(_[a-z]+)*:[a-z]+(_[a-z]+)*")

MEANINGS: Final[dict[Act, str]] = {
    Act.PACKAGE_SEALED: "A mail was sealed. `actor` sent it, `detail` says how it may be used.",
    Act.PACKAGE_OPENED: "`actor`, signed in, was shown it. Written before it is opened.",
    Act.PACKAGE_PRINTED: "`actor`, signed in, was shown the view for paper.",
    Act.ATTACHMENT_DOWNLOADED: "`actor`, signed in, was given the attachment numbered `detail`.",
    Act.ORIGINAL_DOWNLOADED: "`actor`, signed in, was given the message as it was sent.",
    Act.REPLY_SENT: "`actor` answered on the reader site.",
    Act.LINK_FETCHED: "The link was followed by whoever, or whatever, had not signed in: nothing "
    "was shown. Once a minute for the same place and program.",
    Act.ACCESS_GRANTED: "`subject` may open it.",
    Act.ACCESS_REVOKED: "`subject` may open it no longer.",
    Act.ACCESS_RESTORED: "`subject` may open it again.",
    Act.ACCESS_DENIED: "`actor`, signed in, was turned away; `detail` says why. Once a minute.",
    Act.ACCESS_REQUESTED: "`actor` asked its owner for access.",
    Act.ACCESS_DECLINED: "The request of `subject` was declined.",
    Act.ADDRESS_CORRECTED: "`subject` gets it instead of the address in `detail`.",
    Act.EXPIRY_CHANGED: "The time limit was changed; `detail` has the one before and the new one.",
    Act.EXTENSION_ASKED: "`actor` asked its owner for more time.",
    Act.PACKAGE_EXPORTED: "An administrator (`actor`) had it written to a folder; `detail`: "
    "as what, in which export, and why. Written before it is opened.",
    Act.EXPORT_FINISHED: "An export is complete; `detail` has its id, how many packages it holds, "
    "and the SHA-256 of its manifest.",
    Act.PACKAGE_IMPORTED: "An administrator (`actor`) brought it in from an export; `detail` "
    "has the export's id, and the SHA-256 of the evidence and of the dossier.",
    Act.SEARCH_MADE: "An administrator (`actor`) looked for what has to do with `subject`; "
    "`detail` says why. Written before anything is looked at.",
    Act.DISCLOSURE_ASKED: "`actor` asked to have it written out; `detail`: which disclosure, why.",
    Act.DISCLOSURE_APPROVED: "`actor`, another person, approved the disclosure in `detail`.",
    Act.DISCLOSURE_DECLINED: "`actor` declined the disclosure in `detail`, or took it back.",
    Act.PACKAGE_DISCLOSED: "`actor` had it written to a folder as approved; `detail`: as what, in "
    "which export, and which disclosure. Written before it is opened.",
    Act.LEGAL_HOLD_PLACED: "An administrator (`actor`) stopped its destruction; `detail` says why.",
    Act.LEGAL_HOLD_ENDING_ASKED: "An administrator asked to end a legal hold; `detail` says why.",
    Act.LEGAL_HOLD_ENDED: "A second administrator (`actor`) ended a legal hold.",
    Act.DESTRUCTION_REFUSED: "`actor` wanted its content destroyed at once, and `detail` says what "
    "stands against that.",
    Act.CONTENT_DESTROYED: "Its content was destroyed; `detail` says why. `actor`, if there is "
    "one, had it destroyed at once.",
    Act.CERTIFICATE_ISSUED: "A certificate of the destruction was signed.",
    Act.REMINDER_QUEUED: "A reminder to `subject`, who has not opened it, waits to be sent.",
    Act.REMINDER_RELAYED: "The next hop took the reminder to `subject`.",
    Act.OWNER_REPORTED: "`subject`, its owner, was told who has not opened it.",
    Act.INCIDENT_REPORTED: "`actor` had the incident report made.",
    Act.NOTICE_QUEUED: "A notice to `subject` waits to be sent.",
    Act.NOTICE_RELAYED: "The next hop took the notice to `subject`.",
    Act.NOTICE_DELAYED: "The notice to `subject` is late; it is tried again.",
    Act.NOTICE_BOUNCED: "The notice to `subject` was not delivered.",
    Act.NOTICE_ANSWERED: "Something automatic answered the notice to `subject`.",
    Act.RELAY_QUEUED: "A clear copy for `subject` waits to be sent.",
    Act.RELAY_DONE: "The next hop took a clear copy for `subject`.",
    Act.RELAY_DELAYED: "The clear copy for `subject` is late; it is tried again.",
    Act.RELAY_BOUNCED: "The clear copy for `subject` was not delivered.",
    Act.RELAY_UNSAFE: "The clear copy for `subject` was not sent: no TLS as it needs it.",
    Act.COPY_UNCHANGED: "A clear copy for `subject` went without every change that was wanted.",
    Act.COPY_SEALED: "`subject` was to get a clear copy and it was sealed instead.",
    Act.HOLD_BEGUN: "A mail of `actor` is held.",
    Act.HOLD_OPENED: "`actor`, signed in, looked at a held mail. Written before it is opened.",
    Act.HOLD_FIXED: "`actor` changed a held mail.",
    Act.HOLD_CONFIRMED: "`actor` confirmed the address `subject` of a held mail.",
    Act.HOLD_ASKED: "`subject` was asked to approve a held mail.",
    Act.HOLD_APPROVED: "`actor` approved a held mail.",
    Act.HOLD_DECLINED: "`actor` refused a held mail; its content was destroyed.",
    Act.HOLD_RELEASED: "A held mail was released.",
    Act.HOLD_WITHDRAWN: "`actor` took a held mail back; its content was destroyed.",
    Act.HOLD_EXPIRED: "Nobody settled a held mail in time; its content was destroyed.",
    Act.QUEUE_HELD: "An administrator (`actor`) stopped sending to `subject` for now.",
    Act.QUEUE_RELEASED: "An administrator let sending to `subject` go on.",
    Act.QUEUE_RETRIED: "An administrator had mails tried again.",
    Act.QUEUE_DROPPED: "An administrator gave up sending to `subject`.",
    Act.MALWARE_FOUND: "A scanner found malware in what `actor` sent.",
    Act.SCAN_MISSED: "A mail to `subject` went without the malware scan that was wanted.",
    Act.MAIL_REFUSED: "The policy refused a mail of `actor` to `subject`; `detail`: the rules.",
    Act.SENDER_WARNED: "`subject` gets a note about a mail that was not stopped.",
    Act.CODE_ASKED: "A sign-in code was asked for, and mailed to `subject`.",
    Act.CODE_ACCEPTED: "`actor` typed the right code and is signed in.",
    Act.CODE_REFUSED: "A wrong code was typed for `subject`.",
    Act.SESSION_ENDED: "`actor` signed out.",
    Act.LOCK_SET: "The sender gave the message a second lock; its words are on no record.",
    Act.LOCK_OPENED: "Somebody typed the right words of the second lock.",
    Act.LOCK_REFUSED: "Somebody typed other words than those of the second lock.",
    Act.KEY_MADE: "An administrator (`actor`) made a key; `detail` has the pair and the key's id.",
    Act.KEY_RETIRED: "An administrator let a newer key seal in place of the one in `detail`.",
    Act.KEY_DESTROYED: "An administrator destroyed the key in `detail`.",
    Act.KEY_PROTECTED: "An administrator had the key files protected; `detail` says how.",
}
