"""Names and entries in a policy file: do they lead anywhere, and can they be what they are to be.

For the checker. Promises to find every list, group and agreement that does not exist, every
domain, mailbox and address that is none, and conditions that can never hold because what they
name is empty.
"""

from collections.abc import Iterable, Iterator, Mapping

from policies.conditions.agreement import ANY
from policies.errors import quoted
from policies.language.members import MemberList, shipped_lists
from policies.language.names import address_tests
from policies.language.schema import AddressTest, Conditions, PolicyFile
from policies.language.vocabulary import nearest
from policies.language.yamltree import Path

Finding = tuple[Path, str, str, str]
"""Where, what was found, what is allowed, how to mend it."""

_ENTRIES = {"address": "addresses", "domain": "domains", "mailbox": "mailboxes"}
_NOUNS = {"addresses": "an address", "domains": "a domain", "mailboxes": "a mailbox"}


class NameChecker:
    """Checks the names in one policy file against what they name."""

    def __init__(self, policy: PolicyFile, lists: Mapping[str, MemberList]) -> None:
        self._policy = policy
        self._lists = lists

    def of_sections(self) -> Iterator[Finding]:
        """Yield what is wrong with lists, groups, agreements and partners."""
        for name, source in self._policy.lists.items():
            if not source.model_fields_set & {"file", "entries"}:
                found = f"the list {quoted(name)} says nothing about its entries"
                yield ("lists", name), found, "file, entries", ""
        yield from self._of_partners()
        for name, group in self._policy.groups.items():
            at: Path = ("groups", name)
            for key in ("addresses", "domains", "mailboxes"):
                yield from entry_findings((*at, key), key, getattr(group, key))
            yield from self._unknown_lists((*at, "in_list"), group.in_list)
            if not (group.addresses or group.domains or group.mailboxes or group.in_list):
                keys = "addresses, domains, mailboxes, in_list"
                yield at, f"the group {quoted(name)} names nobody", keys, ""
        for name, agreement in self._policy.agreements.items():
            at = ("agreements", name)
            yield from entry_findings((*at, "domains"), "domains", agreement.domains)
            if agreement.starts is not None and agreement.starts > agreement.expires:
                found = f"the agreement {quoted(name)} expires before it starts"
                yield (*at, "expires"), found, "", "mend one of the two dates"

    def of_block(self, key: str, block: Conditions) -> Iterator[Finding]:
        """Yield what is wrong with the names in a block of conditions; `key` says which block."""
        for name, test in address_tests(block):
            for part, kind in _ENTRIES.items():
                yield from entry_findings((key, name, part), kind, getattr(test, part) or ())
            yield from self._of_lists((key, name, "in_list"), test)
            for group in test.in_group or ():
                yield from _unknown((key, name, "in_group"), "group", group, self._policy.groups)
        for agreement in block.agreement or ():
            yield from self._of_agreement((key, "agreement"), agreement)
        if block.direction == ["partner"] and key == "when" and not self._has_partners():
            found = "it can never fire: there are no partners"
            yield (key, "direction"), found, "", "name them under 'settings: partners:'"

    def _of_partners(self) -> Iterator[Finding]:
        at: Path = ("settings", "partners")
        partners = self._policy.settings.partners
        yield from entry_findings((*at, "domains"), "domains", partners.domains)
        yield from self._unknown_lists((*at, "in_list"), partners.in_list)
        yield from self._unknown_lists((*at, "except"), partners.except_)

    def _has_partners(self) -> bool:
        partners = self._policy.settings.partners
        return bool(partners.domains or partners.in_list)

    def _of_lists(self, path: Path, test: AddressTest) -> Iterator[Finding]:
        for name in test.in_list or ():
            if name not in self._lists:
                yield from self._unknown_lists(path, [name])
            elif path[0] == "when" and not (self._lists[name] or self._lists[name].broken):
                found = f"it can never fire: the list {quoted(name)} is empty"
                yield path, found, "", "add entries to the list, or remove the rule"

    def _of_agreement(self, path: Path, name: str) -> Iterator[Finding]:
        if name != ANY:
            yield from _unknown(path, "agreement", name, self._policy.agreements)
        elif not self._policy.agreements and path[0] == "when":
            found = "it can never fire: there are no agreements"
            yield path, found, "", "add a section 'agreements:', or remove the rule"

    def _unknown_lists(self, path: Path, names: Iterable[str]) -> Iterator[Finding]:
        known = dict.fromkeys((*self._policy.lists, *shipped_lists()))
        for name in names:
            yield from _unknown(path, "list", name, known)


def entry_findings(path: Path, kind: str, entries: Iterable[str]) -> Iterator[Finding]:
    """Yield the entries that are not of their kind."""
    for number, entry in enumerate(entries):
        try:
            MemberList("").add(kind, entry)
        except ValueError as error:
            yield (*path, number), f"{quoted(entry)} is not {_NOUNS[kind]}", str(error), ""


def _unknown(path: Path, noun: str, name: str, known: Iterable[str]) -> Iterator[Finding]:
    names = list(known)
    if name in names:
        return
    close = nearest(name, names)
    mend = f"did you mean {quoted(close)}?" if close else ""
    allowed = ", ".join(names) or f"{noun}s named under '{noun}s:'"
    yield path, f"unknown {noun} {quoted(name)}", allowed, mend
