"""Every condition of the language, by the word policy files use.

Promises one compiler for each field of the schema; a test compares them. To add a condition, add
its field in `policies.language.schema.conditions`, write its module here and add a line below.
"""

from collections.abc import Callable, Mapping
from typing import Any

from policies.conditions.agreement import agreement
from policies.conditions.attachment import attachment
from policies.conditions.base import Condition, Scope
from policies.conditions.counts import external_recipients, visible_domains, visible_recipients
from policies.conditions.direction import direction
from policies.conditions.flag import flag
from policies.conditions.header import header
from policies.conditions.marking import marking
from policies.conditions.recipient import recipient
from policies.conditions.route import route
from policies.conditions.sender import sender
from policies.conditions.size import size_over
from policies.conditions.texts import anywhere, body, subject
from policies.conditions.time import time
from policies.conditions.unreadable import unreadable
from policies.language.schema import Conditions

COMPILERS: Mapping[str, Callable[[Any, Scope], Condition]] = {
    "direction": direction,
    "sender": sender,
    "recipient": recipient,
    "external_recipients": external_recipients,
    "visible_recipients": visible_recipients,
    "visible_domains": visible_domains,
    "subject": subject,
    "body": body,
    "attachment": attachment,
    "anywhere": anywhere,
    "flag": flag,
    "marking": marking,
    "header": header,
    "size_over": size_over,
    "unreadable": unreadable,
    "time": time,
    "agreement": agreement,
    "route": route,
}


def compile_block(block: Conditions, scope: Scope) -> tuple[Condition, ...]:
    """Return the conditions that are written in a block, in the order of the schema."""
    written = ((name, getattr(block, name)) for name in type(block).model_fields)
    return tuple(COMPILERS[name](value, scope) for name, value in written if value is not None)
