"""The terms of a held mail in a policy file: do they fit together, and is there somebody to ask.

For the checker. Promises to find every approver that is no address and no list of addresses.
"""

from collections.abc import Iterator, Mapping

from policies.errors import quoted
from policies.language.members import MemberList
from policies.language.name_checks import Finding
from policies.language.schema import PolicyFile, Rule
from policies.language.vocabulary import nearest
from vault.address import Address
from vault.errors import AddressError

_APPROVERS = "whole addresses, or names of lists of kind 'addresses'"


def hold_findings(
    rule: Rule, policy: PolicyFile, lists: Mapping[str, MemberList]
) -> Iterator[Finding]:
    """Yield what is wrong with the terms under which a rule holds."""
    hold = rule.hold
    if hold is None:
        return
    if hold.confirm and not rule.doubts_address:
        mend = "remove it, or say 'recipient: {near_miss: yes}' under 'when'"
        yield ("hold", "confirm"), "'confirm' has no use: no address is in doubt", "", mend
    if hold.for_ == "approver" and not hold.approvers:
        mend = "name at least one address or list of addresses"
        yield ("hold", "for"), "'for: approver' needs 'approvers'", "", mend
    if hold.approvers and hold.for_ != "approver":
        mend = "say 'for: approver', or remove it"
        yield ("hold", "approvers"), "'approvers' has no use without 'for: approver'", "", mend
    for number, entry in enumerate(hold.approvers or ()):
        if (unusable := _unusable(entry, policy, lists)) is not None:
            yield ("hold", "approvers", number), *unusable


def _unusable(
    entry: str, policy: PolicyFile, lists: Mapping[str, MemberList]
) -> tuple[str, str, str] | None:
    if entry in policy.lists:
        members, kind = lists[entry], policy.lists[entry].kind
        if kind != "addresses":
            return f"the list {quoted(entry)} holds {kind}", _APPROVERS, ""
        if not members and not members.broken:
            return f"the list {quoted(entry)} is empty", "", "add entries to the list"
        return None
    try:
        Address.parse(entry)
    except AddressError:
        close = nearest(entry, policy.lists)
        mend = f"did you mean {quoted(close)}?" if close else ""
        return f"{quoted(entry)} is no address and no list", _APPROVERS, mend
    return None
