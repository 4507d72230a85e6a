"""What the decisions about a mail mean for its clear copies: a plan for each form of them.

For both doors, before anything is sent. Promises that a subject which cannot be hidden means a
sealed mail, and that whatever else is left as it was is told with its reason. Blocks: it reads the
mail. Must never change a byte: whoever sends makes the edits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from policies.changes.neutral import CannotHideError
from policies.changes.plan import Plan, plan
from policies.decision import Decision, Outcome, Reason
from policies.message.shape import Outline
from policies.terms import ANY_WAY, UNCHANGED, Changes
from vault.address import Address

NOT_HIDDEN = "subject-cannot-be-hidden"
_WHY = "The subject cannot be hidden in a copy of this message."


@dataclass(frozen=True, slots=True)
class Left:
    """What was not changed for a recipient, and why; `sealed` if the mail is sealed instead."""

    recipient: Address
    why: str
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """The decisions that can be kept, and how the copies they speak of differ from the mail."""

    decisions: tuple[Decision, ...]
    plans: Mapping[Changes, Plan] = field(default_factory=dict, repr=False)
    left: tuple[Left, ...] = ()


def planned(
    decisions: tuple[Decision, ...],
    outline: Outline,
    read: Callable[[], Iterable[bytes]],
    *,
    subject: bytes,
    hostname: str,
) -> Planned:
    """Plan the copies of a mail that `read` gives anew each time.

    `subject` is the neutral subject as a header field, `hostname` what our Received lines name.
    """
    plans: dict[Changes, Plan] = {}
    failed: dict[Changes, str] = {}
    for changes in {one.changes for one in decisions if _is_copy(one)} - {UNCHANGED}:
        try:
            plans[changes] = plan(outline, read, changes, subject=subject, hostname=hostname)
        except CannotHideError as error:
            failed[changes] = f"its subject cannot be hidden: {error}"
    kept = tuple(_sealed(one) if one.changes in failed else one for one in decisions)
    return Planned(kept, plans, tuple(_left(decisions, plans, failed)))


def _is_copy(one: Decision) -> bool:
    return one.outcome is Outcome.RELAY


def _sealed(one: Decision) -> Decision:
    because = (*one.because, Reason(NOT_HIDDEN, _WHY, 0))
    sealed = Outcome.SEAL
    return replace(one, outcome=sealed, because=because, relay=ANY_WAY, changes=UNCHANGED)


def _left(
    decisions: Iterable[Decision], plans: Mapping[Changes, Plan], failed: Mapping[Changes, str]
) -> Iterator[Left]:
    for one in filter(_is_copy, decisions):
        if one.changes in failed:
            yield Left(one.recipient, failed[one.changes], sealed=True)
        elif one.changes in plans:
            yield from (Left(one.recipient, why) for why in plans[one.changes].left)
