"""Reads a policy file: strict YAML, checked, its lists loaded, its rules compiled.

The only module that opens policy files. Promises a Policy that is wholly right or a PolicyError
that lists every problem with file, line, rule, what was found, what is allowed and how to mend
it. Must never ignore a key, guess a word or return half a policy.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policies.conditions import Scope, compile_block
from policies.engine import Policy, Rule, searched
from policies.errors import PolicyError, Problem
from policies.language import schema
from policies.language.checks import Checker
from policies.language.members import ListReader, MemberList, shipped_lists
from policies.language.names import lists_named, scope_of
from policies.language.own_detectors import known_detectors
from policies.language.wording import problems_in
from policies.language.yamltree import MAX_BYTES, Tree, read_tree
from policies.message.flags import FlagReader
from policies.terms import (
    DELETE_AFTER_USE,
    HELD_FOR,
    Changes,
    HoldTerms,
    Otherwise,
    Protection,
    RelayTerms,
    SealTerms,
    Tls,
)
from vault.address import Address
from vault.packages.strength import Strength

STARTER = Path(__file__).parents[1] / "starter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A policy file that was read and holds together: its bytes, its words, its lists.

    `files` are the list files that it names, by name, as they were read.
    """

    file: str
    content: bytes
    files: Mapping[str, bytes]
    parsed: schema.PolicyFile
    tree: Tree
    lists: Mapping[str, MemberList]

    @property
    def digest(self) -> str:
        """SHA-256 over the file and every list it read, in hex."""
        return _digest([self.content, *self.files.values()])


def load(path: Path) -> Policy:
    """Load a policy file; its list files may stand beside it. Raises PolicyError."""
    return compiled(read(path))


def load_text(text: str, name: str = "policy.yaml") -> Policy:
    """Load a policy from text; only the lists that come with Sealgate are at hand."""
    return compiled(_read(text.encode(), name, ListReader(None)))


def read(path: Path) -> Source:
    """Read and check a policy file without compiling it. Raises PolicyError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        found = f"the file cannot be read: {error.strerror or type(error).__name__}"
        raise PolicyError((Problem(path.name, 0, "", found),)) from error
    return _read(content, path.name, ListReader(path.parent))


def reread(file: str, content: bytes, files: Mapping[str, bytes]) -> Source:
    """Read a policy that was kept, with the list files it had then. Raises PolicyError."""
    return _read(content, file, ListReader(None, given=files))


def compiled(source: Source) -> Policy:
    """Return the policy that a source describes."""
    tree, parsed = source.tree, source.parsed
    scope = replace(scope_of(parsed, source.lists), detectors=known_detectors(parsed))
    rules = tuple(_rule(index, rule, scope, tree) for index, rule in enumerate(parsed.rules))
    return Policy(
        name=Path(source.file).stem,
        digest=source.digest,
        rules=rules,
        searched=searched(rules, scope.detectors),
        reader=FlagReader(parsed.settings),
        seal=_seal(parsed.settings.seal),
    )


def _read(content: bytes, file: str, reader: ListReader) -> Source:
    tree = read_tree(content, file)
    if not isinstance(tree.data, dict):
        found = "the file does not hold keys and values"
        raise PolicyError((Problem(file, 1, "", found, allowed="version, settings, lists, rules"),))
    try:
        parsed = schema.PolicyFile.model_validate(tree.data, context=_context(tree.data))
    except ValidationError as error:
        raise PolicyError(tuple(problems_in(error, tree, file))) from error
    lists = _lists(parsed, reader, tree, file)
    problems = [*reader.problems, *Checker(parsed, lists, tree, file).problems()]
    if problems:
        raise PolicyError(tuple(problems))
    return Source(
        file=file, content=content, files=reader.files, parsed=parsed, tree=tree, lists=lists
    )


def _context(data: Mapping[str, Any]) -> dict[str, object]:
    """Return what the file adds to the words of the language, before it is known to be right."""
    own = data.get("detectors")
    return {
        "detectors": [name for name in own if isinstance(name, str)]
        if isinstance(own, dict)
        else []
    }


def _lists(
    parsed: schema.PolicyFile, reader: ListReader, tree: Tree, file: str
) -> Mapping[str, MemberList]:
    lists = {name: MemberList(name) for name in parsed.lists}
    for name, source in parsed.lists.items():
        at = ("lists", name, "entries")
        entries = ((tree.line((*at, n)), entry) for n, entry in enumerate(source.entries))
        reader.add_entries(lists[name], source.kind, file, entries)
        if source.file is not None:
            named_at = (file, tree.line(("lists", name, "file")))
            reader.add_file(lists[name], source.kind, source.file, named_at)
    for name in sorted(lists_named(parsed) & shipped_lists().keys() - lists.keys()):
        lists[name] = MemberList(name)
        reader.add_file(lists[name], shipped_lists()[name], f"{name}.txt", (file, 0))
    return lists


def _rule(index: int, rule: schema.Rule, scope: Scope, tree: Tree) -> Rule:
    return Rule(
        name=rule.name,
        line=tree.line(("rules", index, "name")),
        when=compile_block(rule.when, scope),
        unless=compile_block(rule.except_, scope) if rule.except_ else (),
        then=schema.outcome_of(rule.then),
        warns=rule.then == schema.WARN,
        tell_sender=rule.tell_sender,
        hold=_hold(rule, scope),
        seal=_seal(rule.seal or schema.SealTerms()),
        relay=_relay(rule.relay or schema.RelayTerms()),
        changes=_changes(rule),
        shadow=rule.shadow,
    )


def _hold(rule: schema.Rule, scope: Scope) -> HoldTerms:
    terms = rule.hold or schema.HoldTerms()
    approvers: dict[str, Address] = {}
    for entry in terms.approvers or ():
        listed = scope.lists.get(entry)
        for text in [entry] if listed is None else sorted(listed.addresses):
            address = Address.parse(text)
            approvers.setdefault(address.folded(), address)
    for_the_sender = not approvers
    return HoldTerms(
        approvers=tuple(approvers.values()),
        seal_instead=for_the_sender if terms.seal_instead is None else terms.seal_instead,
        confirm=rule.doubts_address
        and (for_the_sender if terms.confirm is None else terms.confirm),
        expires_after=terms.expires_after or HELD_FOR,
    )


def _seal(terms: schema.SealTerms) -> SealTerms:
    return SealTerms(
        expires_after=terms.expires_after,
        not_before=terms.not_before,
        replies=terms.replies,
        view_only=terms.view_only,
        sign_in=Strength(terms.sign_in) if terms.sign_in else None,
        protection=Protection(terms.protection) if terms.protection else None,
        open_hours=terms.open_hours,
        kept_after_expiry=terms.kept_after_expiry,
        retention=terms.retention,
        reminders=terms.reminders,
    )


def _relay(terms: schema.RelayTerms) -> RelayTerms:
    return RelayTerms(
        tls=Tls(terms.tls) if terms.tls else None,
        route=terms.route,
        otherwise=Otherwise(terms.else_) if terms.else_ else None,
    )


def _changes(rule: schema.Rule) -> Changes:
    add = rule.add or schema.AddTerms()
    statements = [add.disclaimer] if add.disclaimer else []
    statements += [DELETE_AFTER_USE] if add.delete_after_use else []
    return Changes(
        statements=tuple(statements),
        neutral_subject=rule.subject is not None,
        remove_headers=tuple(rule.remove_headers or ()),
    )


def _digest(contents: list[bytes]) -> str:
    """Return SHA-256 over each content's own SHA-256, so that no two sets run together."""
    whole = hashlib.sha256()
    for content in contents:
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()
