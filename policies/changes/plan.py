"""The plan for one form of the clear copy: which edits, and what was left as it is and why.

Promises edits in order that do not overlap. Must never be asked about what is sealed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from policies.changes import neutral, statement, stripping
from policies.changes.fields import fields_of, head_of
from policies.changes.splice import Edit, ordered, read_at
from policies.message.shape import Outline
from policies.terms import Changes

Read = Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`edits` are in order. `left` says, for the audit, what was not changed and why."""

    edits: tuple[Edit, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def growth(self) -> int:
        """By how many bytes the copy is longer than the mail."""
        return sum(edit.growth for edit in self.edits)


def plan(outline: Outline, read: Read, changes: Changes, *, subject: bytes, hostname: str) -> Plan:
    """Return how `changes` are made in a mail that `read` gives anew each time.

    `subject` is the neutral subject as a header field, `hostname` what our Received lines name.
    Raises `neutral.CannotHideError`.
    """
    edits: list[Edit] = []
    left: list[str] = []
    if changes.neutral_subject:
        edits += neutral.plan(outline, read, subject)
    if changes.statements:
        added, why = statement.plan(outline, read, changes.statements)
        edits += added
        left += [f"statement not added: {why}"] if why else []
    if changes.remove_headers:
        removed, kept = _stripped(outline, read, changes.remove_headers, hostname)
        places = {edit.at for edit in edits if edit.length}
        edits += [edit for edit in removed if edit.at not in places]
        left += [f"kept, because signed: {', '.join(kept)}"] if kept else []
    return Plan(edits=ordered(edits), left=tuple(left))


def _stripped(
    outline: Outline, read: Read, names: Iterable[str], hostname: str
) -> tuple[list[Edit], tuple[str, ...]]:
    if not outline.parts:
        return [], ()
    top = outline.parts[0]
    head = read_at(read(), [head_of(top)])[top.head]
    return stripping.plan(fields_of(head, top.head), names, hostname)
