"""What the names in a policy file lead to: lists, groups, partners and agreements.

For the loader and the checker. Promises that every place in which a list can be named is known
here, so that no name goes unchecked. Must never be asked before the entries were checked.
"""

from collections.abc import Iterator, Mapping

from policies.agreements import Agreement
from policies.conditions import Scope
from policies.language.members import MemberList
from policies.language.schema import AddressTest, Conditions, PolicyFile
from policies.language.yamltree import Path

Lists = Mapping[str, MemberList]


def blocks(parsed: PolicyFile) -> Iterator[tuple[Path, Conditions]]:
    """Yield every block of conditions and where it stands."""
    for index, rule in enumerate(parsed.rules):
        yield ("rules", index, "when"), rule.when
        if rule.except_ is not None:
            yield ("rules", index, "except"), rule.except_


def address_tests(block: Conditions) -> Iterator[tuple[str, AddressTest]]:
    """Yield the tests of addresses in a block, by the condition they belong to."""
    if block.sender is not None:
        yield "sender", block.sender
    if block.recipient is not None:
        yield "recipient", block.recipient


def lists_named(parsed: PolicyFile) -> set[str]:
    """Return the name of every list that the file uses."""
    partners = parsed.settings.partners
    names = {*partners.in_list, *partners.except_}
    for group in parsed.groups.values():
        names |= {*group.in_list}
    for _path, block in blocks(parsed):
        for _name, test in address_tests(block):
            names |= {*(test.in_list or ())}
    return names


def scope_of(parsed: PolicyFile, lists: Lists) -> Scope:
    """Return what the rules of a checked file may name."""
    partners = parsed.settings.partners
    return Scope(
        lists=lists,
        groups={
            name: _members(
                name,
                {
                    "addresses": group.addresses,
                    "domains": group.domains,
                    "mailboxes": group.mailboxes,
                },
                [lists[one] for one in group.in_list],
            )
            for name, group in parsed.groups.items()
        },
        partners=_members(
            "partners", {"domains": partners.domains}, [lists[one] for one in partners.in_list]
        ),
        not_partners=_members("not partners", {}, [lists[one] for one in partners.except_]),
        agreements={
            name: Agreement(
                name=name,
                partner=said.partner,
                purpose=said.purpose,
                domains=_members(name, {"domains": said.domains}, []),
                starts=said.starts,
                expires=said.expires,
            )
            for name, said in parsed.agreements.items()
        },
    )


def _members(name: str, entries: Mapping[str, list[str]], included: list[MemberList]) -> MemberList:
    members = MemberList(name)
    for kind, said in entries.items():
        for entry in said:
            members.add(kind, entry)
    for one in included:
        members.include(one)
    return members
