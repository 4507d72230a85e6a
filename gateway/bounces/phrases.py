"""What servers say in words when a mail was not delivered, and the status code it stands for.

Promises linear time on any text. A phrase is looked for in a server's own words alone: in a letter
that a person wrote it would prove nothing.
"""

import re2

_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False

_TABLE = (
    ((r"mailbox (is )?full|(over|exceed\w*|out of) (its |the |their )?(storage |disk )?"
     r"(quota|storage)|quota (is )?exceeded|is full|not enough (disk )?space"), "2.2"),
    ((r"(account|mailbox|address|user)( \S{1,100})? (is |has been )?"
     r"(disabled|suspended|inactive|deactivated|closed|no longer (active|in use|used))"), "2.1"),
    ((r"message (size )?(is )?(too (large|big)|exceeds)|exceeds? (the )?(maximum|size)"
     r"|size limit"), "3.4"),
    ((r"(domain|host)( name)?( \S{1,100})? (does ?n[o']t exist|not found|unknown|couldn't be found)"
     r"|unrouteable (mail )?domain|no such (domain|host)|nxdomain|bad destination (host|system)"
     r"|couldn't find any host|dns domain .{0,100} does not exist"), "1.2"),
    ((r"(user|recipient|mailbox|address|account|alias|addressee|recipient address)s?( \S{1,100})?"
     r"( is| was|:)? ?(unknown|not found|does ?n[o']t exist|not exist|invalid|rejected"
     r"|undeliverable|not listed|could ?n[o']t be found|wasn't found|no longer (exists|available)"
     r"|unavailable|not known|not valid|not recogni[sz]ed|not registered)"
     r"|(unknown|no such|invalid|bad|unrecogni[sz]ed) (local )?(user|recipient|mailbox|address"
     r"|account|person|local part)|no (mailbox|account|user) (here )?by that name"
     r"|not listed in (the )?(domino directory|public name|directory)|nobody by that name"
     r"|unrouteable address|recipientnotfound|does ?n[o']t have an? \S{1,60} account"
     r"|there is no such|could ?n[o']t be delivered to this address"), "1.1"),
    ((r"(blocked|listed|blacklisted|block ?list|rejected|refused|denied).{0,80}"
     r"(policy|reputation|spam|rbl|dnsbl|security)|(spam|policy|administrat\w+|security).{0,60}"
     r"(reject|block|violat|refus|prohibit)|relay(ing)? (access )?(denied|not permitted)"
     r"|not (authori[sz]ed|permitted|allowed) to (send|relay)"), "7.1"),
    ((r"(timed? ?out|connection refused|could not be (reached|contacted)|unreachable"
     r"|unable to connect|no answer from host|retry time(out)? (not reached|exceeded)"
     r"|retry timeout|in the queue too long|giving up|message expired|delivery time expired"
     r"|host or domain name not found)"), "4.7"),
)  # fmt: skip
_PHRASES = tuple((re2.compile(pattern, _OPTIONS), code) for pattern, code in _TABLE)


def class_of(text: str) -> str:
    """Return "1.1" and the like for what a text says; "" if it says nothing that is known."""
    return next((code for pattern, code in _PHRASES if pattern.search(text)), "")
