"""Tests of an address, wherever a condition asks about one."""

from collections.abc import Callable, Iterable

from policies.conditions.base import Scope, either
from policies.language.members import MemberList
from policies.language.schema import AddressTest
from vault.address import Address

Test = Callable[[Address], bool]


def address_test(value: AddressTest, scope: Scope) -> tuple[Test, str]:
    """Return a test of an address and what it says; every written part must hold."""
    parts: list[tuple[str, list[MemberList]]] = []
    if value.in_list:
        lists = [scope.lists[name] for name in value.in_list]
        parts.append((f"on the list {either(value.in_list)}", lists))
    if value.in_group:
        groups = [scope.groups[name] for name in value.in_group]
        parts.append((f"in the group {either(value.in_group)}", groups))
    if value.address:
        parts.append(("one that the rule names", [_members("addresses", value.address)]))
    if value.domain:
        parts.append((f"at {either(value.domain)}", [_members("domains", value.domain)]))
    if value.mailbox:
        names = either(f"{name}@" for name in value.mailbox)
        parts.append((f"the mailbox {names}", [_members("mailboxes", value.mailbox)]))
    wanted = [members for _words, members in parts]

    def passes(address: Address) -> bool:
        return all(any(address in members for members in each) for each in wanted)

    return passes, " and ".join(words for words, _members in parts)


def _members(kind: str, entries: Iterable[str]) -> MemberList:
    members = MemberList("")
    for entry in entries:
        members.add(kind, entry)
    return members
