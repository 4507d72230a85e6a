"""What a well-formed policy file can still get wrong.

For the loader. Promises to find rules that can never fire or never matter, names that lead
nowhere, and sentences that would not fit an SMTP reply. Must never change a policy: it only
complains.
"""

import re
from collections.abc import Iterator, Mapping

from policies.conditions import Scope, TextSearch
from policies.decision import Outcome
from policies.engine import FOUND, fill
from policies.errors import Problem, quoted
from policies.language.hold_checks import hold_findings
from policies.language.members import MemberList
from policies.language.name_checks import Finding, NameChecker
from policies.language.own_detectors import detector_findings, known_detectors
from policies.language.schema import (
    WARN,
    Conditions,
    Part,
    PolicyFile,
    RelayTerms,
    Rule,
    outcome_of,
)
from policies.language.schema.part import keys_of
from policies.language.yamltree import Path, Tree
from policies.terms import Otherwise, Tls

# An SMTP reply line holds 512 octets; a mail client shows about two lines of a telephone.
LONGEST_SENTENCE = 179
ANY = "any"
_TELLING = (Outcome.REFUSE, WARN)
_CLEAR = (Outcome.RELAY, WARN)
_GOES_WITH = {
    "tell_sender": (*_TELLING, Outcome.HOLD),
    "hold": (Outcome.HOLD,),
    "seal": (Outcome.SEAL, Outcome.HOLD, Outcome.RELAY),
    "relay": (Outcome.RELAY,),
    "add": _CLEAR,
    "subject": _CLEAR,
    "remove_headers": _CLEAR,
}
_NEEDED = (Tls.REQUIRED, Tls.VERIFIED)
_PLACEHOLDER = re.compile(r"[{}][^{}]*[{}]?")


class Checker:
    """Checks one policy file against itself and its lists."""

    def __init__(
        self, policy: PolicyFile, lists: Mapping[str, MemberList], tree: Tree, file: str
    ) -> None:
        self._policy = policy
        self._lists = lists
        self._tree = tree
        self._file = file

    def problems(self) -> Iterator[Problem]:
        """Yield every problem, rule by rule."""
        for path, found, allowed, mend in NameChecker(self._policy, self._lists).of_sections():
            yield self._problem(path, "", found, allowed, mend)
        for path, found, allowed, mend in detector_findings(self._policy):
            yield self._problem(path, "", found, allowed, mend)
        for index, rule in enumerate(self._policy.rules):
            for path, found, allowed, mend in self._of_rule(index, rule):
                yield self._problem(("rules", index, *path), rule.name, found, allowed, mend)

    def _problem(
        self, path: Path, rule: str, found: str, allowed: str = "", mend: str = ""
    ) -> Problem:
        return Problem(self._file, self._tree.line(path), rule, found, allowed, mend)

    def _of_rule(self, index: int, rule: Rule) -> Iterator["Finding"]:
        yield from self._same_name(index, rule)
        yield from self._outvoted(index, rule)
        yield from _outcome_findings(rule)
        yield from _sentence_findings(rule, Scope(detectors=known_detectors(self._policy)))
        yield from hold_findings(rule, self._policy, self._lists)
        blocks = [("when", rule.when)] + ([("except", rule.except_)] if rule.except_ else [])
        for key, block in blocks:
            yield from _empty_findings(key, block)
            yield from NameChecker(self._policy, self._lists).of_block(key, block)
        if rule.except_ and written(rule.except_) and _implied(rule.except_, rule.when):
            found = "it can never fire: its exception holds whenever its conditions do"
            yield ("except",), found, "", "narrow the exception"

    def _same_name(self, index: int, rule: Rule) -> Iterator["Finding"]:
        for number, other in enumerate(self._policy.rules[:index]):
            if other.name == rule.name:
                line = self._tree.line(("rules", number, "name"))
                found = f"the name is taken by the rule on line {line}"
                yield ("name",), found, "", "give each rule its own name"

    def _outvoted(self, index: int, rule: Rule) -> Iterator["Finding"]:
        """Find another rule that always fires when this one does and leaves it nothing to say."""
        for number, other in enumerate(self._policy.rules):
            if number != index and _always_wins(other, rule, earlier=number < index):
                line = self._tree.line(("rules", number, "name"))
                found = (
                    f"it never matters: rule {quoted(other.name)} on line {line} says "
                    f"{quoted(other.then)} whenever this one says {quoted(rule.then)}"
                )
                mend = "the most protective outcome wins; remove one of the two"
                yield ("when",), found, "", mend
                return


def written(part: Part) -> dict[str, object]:
    """Return what a part of the file says, without what it leaves out."""
    return {name: value for name, value in part if value is not None}


def _outcome_findings(rule: Rule) -> Iterator[Finding]:
    if rule.then in _TELLING and not rule.tell_sender:
        mend = "say in one sentence what the sender should do"
        yield ("then",), f"{quoted(rule.then)} needs 'tell_sender'", "", mend
    for key, words in _GOES_WITH.items():
        if getattr(rule, key) and rule.then not in words:
            yield (key,), f"{quoted(key)} has no use with {quoted(rule.then)}", "", "remove it"
    relay = rule.relay
    if rule.then == Outcome.RELAY and rule.seal is not None and not _may_seal(relay):
        mend = "remove it, or say under 'relay' that TLS is needed"
        yield ("seal",), "'seal' has no use with 'relay'", "", mend
    if relay is not None and relay.else_ is not None and relay.tls not in _NEEDED:
        mend = "say 'tls: required' or 'tls: verified', or remove 'else'"
        yield ("relay", "else"), "'else' has no use without TLS that is needed", "", mend
    for key in ("relay", "add", "seal", "hold"):
        part = getattr(rule, key)
        if part is not None and not written(part):
            keys = ", ".join(info.alias or name for name, info in type(part).model_fields.items())
            yield (key,), f"{quoted(key)} is empty", keys, ""


def _may_seal(relay: RelayTerms | None) -> bool:
    return relay is not None and relay.tls in _NEEDED and relay.else_ != Otherwise.REFUSE


def _sentence_findings(rule: Rule, scope: Scope) -> Iterator[Finding]:
    path, searches = ("tell_sender",), _searches(rule.when, scope)
    if not re.fullmatch(r"[ -~]*", rule.tell_sender):
        allowed = "one line of ASCII text (mail servers pass on nothing else)"
        yield path, "'tell_sender' holds a line break or a character beyond ASCII", allowed, ""
    for placeholder in _PLACEHOLDER.findall(rule.tell_sender):
        if placeholder != FOUND:
            yield path, f"unknown placeholder {quoted(placeholder)}", FOUND, ""
    if FOUND in rule.tell_sender and not any(search.finds for search in searches):
        mend = "it stands for what 'finds' finds, and the rule has none"
        yield path, f"{quoted(FOUND)} has no meaning here", "", mend
    labels = {one.label for search in searches for one in search.detectors}
    length = len(fill(rule.tell_sender, sorted(labels, key=len, reverse=True)))
    if length > LONGEST_SENTENCE:
        found = f"'tell_sender' may be {length} characters long"
        yield path, found, f"{LONGEST_SENTENCE} characters", "shorten it"


def _searches(block: Conditions, scope: Scope) -> list[TextSearch]:
    """List what is looked for in texts."""
    tests = (block.subject, block.body, block.attachment, block.anywhere)
    return [TextSearch.of(test, (), scope) for test in tests if test is not None]


def _empty_findings(key: str, block: Conditions) -> Iterator[Finding]:
    if not written(block):
        yield (key,), f"{quoted(key)} has no condition", ", ".join(keys_of(type(block))), ""
    for name, value in written(block).items():
        if isinstance(value, Part) and not written(value):
            yield (key, name), f"{quoted(name)} is empty", ", ".join(keys_of(type(value))), ""


def _always_wins(other: Rule, rule: Rule, *, earlier: bool) -> bool:
    """Say whether `other` fires whenever `rule` does, and settles all that `rule` would."""
    if other.shadow or rule.shadow:
        return False  # a shadow settles nothing, and may be there to be compared
    if not written(other.when) or not _implied(other.when, rule.when):
        return False
    if other.except_ is not None and other.except_ != rule.except_:
        return False
    if other.then == WARN or (rule.then == WARN and other.then != Outcome.REFUSE):
        return False  # a warning stops nothing, and only a refusal stops a warning
    if other.then == Outcome.HOLD != rule.then:
        return False  # once people have lifted the hold, this rule decides
    theirs, ours = outcome_of(other.then).protection, outcome_of(rule.then).protection
    return theirs > ours or (theirs == ours and earlier and not _own_terms(rule))


def _own_terms(rule: Rule) -> bool:
    return any((rule.hold, rule.seal, rule.relay, rule.add, rule.subject, rule.remove_headers))


def _implied(exception: Part, when: Part) -> bool:
    """Say whether `exception` holds whenever `when` does, as far as the text shows.

    Of a list one entry is enough, so a longer list holds whenever a shorter one does.
    """
    said = written(when)
    return all(_covers(value, said.get(name)) for name, value in written(exception).items())


def _covers(wide: object, narrow: object) -> bool:
    if isinstance(wide, Part) and isinstance(narrow, Part):
        return _implied(wide, narrow)
    if isinstance(wide, list) and isinstance(narrow, list):
        return ANY in wide or all(entry in wide for entry in narrow)
    return wide == narrow
