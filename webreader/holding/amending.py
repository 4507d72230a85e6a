"""The clear copies of a held mail that is released: how each of them differs from the mail.

Planned as at the SMTP door. Promises that a subject which cannot be hidden means a sealed mail, and
that whatever else is left as it was is on record with its reason. Must never change a byte: the
deliverer makes the edits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from policies.changes.neutral import neutral_subject
from policies.changes.planned import Planned, planned
from policies.changes.splice import to_text
from policies.decision import Decision
from policies.message.mime import Outline
from policies.terms import UNCHANGED
from vault.packages.deposit import Happened
from vault.trail.audit import Act
from webreader.holding.mending import subject_field
from webreader.site import Site


def amended(
    site: Site,
    reference: str,
    decisions: tuple[Decision, ...],
    seen: Outline,
    read: Callable[[], Iterable[bytes]],
) -> Planned:
    """Plan the copies of a held mail, known to people by its reference. Blocks."""
    if all(one.changes == UNCHANGED for one in decisions):
        return Planned(decisions)
    return planned(
        decisions,
        seen,
        read,
        subject=subject_field(neutral_subject(site.organisation.name, reference)),
        hostname=site.hostname,
    )


def happened(found: Planned) -> tuple[Happened, ...]:
    """Return what was left as it was, for the audit."""
    return tuple(
        Happened(Act.COPY_SEALED if left.sealed else Act.COPY_UNCHANGED, left.recipient, left.why)
        for left in found.left
    )


def edits_for(found: Planned, one: Decision) -> dict[str, str]:
    """Return what the deliverer is to know of how one copy differs."""
    plan = found.plans.get(one.changes)
    return {"edits": to_text(plan.edits)} if plan is not None and plan.edits else {}
