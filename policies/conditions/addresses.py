"""Tests of an address, wherever a condition asks about one."""

from collections.abc import Callable

from policies.conditions.base import Scope, either
from policies.language.members import MemberList
from policies.language.schema import AddressTest
from vault.address import Address


def address_test(value: AddressTest, scope: Scope) -> tuple[Callable[[Address], bool], str]:
    """Return a test of an address and what it says; every written part must hold."""
    members = [scope.lists[name] for name in value.in_list or ()]
    domains = MemberList("domain")
    for domain in value.domain or ():
        domains.add("domains", domain)
    words = []
    if members:
        words.append(f"on the list {either([m.name for m in members])}")
    if value.domain:
        words.append(f"at {either(value.domain)}")

    def passes(address: Address) -> bool:
        listed = not members or any(address in member for member in members)
        return listed and (not value.domain or address in domains)

    return passes, " and ".join(words)
