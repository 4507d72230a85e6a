"""Reads a policy file: strict YAML, checked, its lists loaded, its rules compiled.

The only module that opens policy files. Promises a Policy that is wholly right or a PolicyError
that lists every problem with file, line, rule, what was found, what is allowed and how to mend
it. Must never ignore a key, guess a word or return half a policy.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from policies.conditions import Scope, compile_block
from policies.decision import Outcome
from policies.engine import Policy, Rule, Terms
from policies.errors import PolicyError, Problem
from policies.language import schema
from policies.language.checks import Checker
from policies.language.members import ListReader, MemberList
from policies.language.wording import problems_in
from policies.language.yamltree import MAX_BYTES, Tree, read_tree
from policies.message.flags import FlagReader

STARTER = Path(__file__).parents[1] / "starter"


def load(path: Path) -> Policy:
    """Load a policy file; its list files may stand beside it. Raises PolicyError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        found = f"the file cannot be read: {error.strerror or type(error).__name__}"
        raise PolicyError((Problem(path.name, 0, "", found),)) from error
    return _load(content, path.name, path.parent)


def load_text(text: str, name: str = "policy.yaml") -> Policy:
    """Load a policy from text; only the lists that come with Sealgate are at hand."""
    return _load(text.encode(), name, None)


def _load(content: bytes, file: str, folder: Path | None) -> Policy:
    tree = read_tree(content, file)
    if not isinstance(tree.data, dict):
        found = "the file does not hold keys and values"
        raise PolicyError((Problem(file, 1, "", found, allowed="version, settings, lists, rules"),))
    try:
        parsed = schema.PolicyFile.model_validate(tree.data)
    except ValidationError as error:
        raise PolicyError(tuple(problems_in(error, tree, file))) from error
    reader = ListReader(folder)
    lists = _lists(parsed, reader, tree, file)
    problems = [*reader.problems, *Checker(parsed, lists, tree, file).problems()]
    if problems:
        raise PolicyError(tuple(problems))
    scope = Scope(lists=lists)
    return Policy(
        name=Path(file).stem,
        digest=_digest([content, *reader.content]),
        rules=tuple(_rule(index, rule, scope, tree) for index, rule in enumerate(parsed.rules)),
        reader=FlagReader(parsed.settings),
        terms=_terms(parsed.settings.seal),
    )


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
    return lists


def _rule(index: int, rule: schema.Rule, scope: Scope, tree: Tree) -> Rule:
    return Rule(
        name=rule.name,
        line=tree.line(("rules", index, "name")),
        when=compile_block(rule.when, scope),
        unless=compile_block(rule.except_, scope) if rule.except_ else (),
        then=Outcome(rule.then),
        tell_sender=rule.tell_sender,
        terms=_terms(rule.seal or schema.SealTerms()),
    )


def _terms(terms: schema.SealTerms) -> Terms:
    return Terms(expires_after=terms.expires_after, replies=terms.replies)


def _digest(contents: list[bytes]) -> str:
    """Return SHA-256 over each content's own SHA-256, so that no two sets run together."""
    whole = hashlib.sha256()
    for content in contents:
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()
