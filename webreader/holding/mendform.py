"""What somebody types to mend a held mail: recipients, subject, and whether it is sealed.

Promises that nothing is taken for a change that was only shown and sent back, so that a subject
which nobody touched stays as it was, to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from multidict import MultiMapping

from vault.address import Address
from vault.errors import AddressError
from vault.hold.slip import Slip
from webreader.content.names import visible
from webreader.holding.mending import LONGEST_SUBJECT

LONGEST_TYPED: Final = 320  # characters of an address
LONGEST_NOTE: Final = 1000
MOST_ROWS: Final = 1000


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One recipient as typed: `out` when the mail is not to go there, `right` when it is."""

    address: str
    out: bool = False
    right: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """A form as it was sent. `clean`: take further subject lines out as well."""

    rows: tuple[Row, ...]
    subject: str
    sealed: bool = False
    clean: bool = False
    note: str = ""


def shown(slip: Slip, subject: str) -> Typed:
    """Return the form as it is first shown; `subject` is the mail's as people read it."""
    rows = tuple(Row(str(to), right=to in slip.confirmed) for to in slip.recipients)
    return Typed(rows, subject, slip.sealed, note=slip.note)


def typed(form: MultiMapping[Any]) -> Typed:
    """Read a form. Never raises: what is wrong is found by `mend`."""
    out = {str(number) for number in form.getall("out", [])}
    right = {str(address) for address in form.getall("right", [])}
    rows = form.getall("to", [])[:MOST_ROWS]
    addresses = [str(value).strip()[:LONGEST_TYPED] for value in rows]
    return Typed(
        rows=tuple(
            Row(address, str(number) in out, address in right)
            for number, address in enumerate(addresses, 1)
        ),
        subject=visible(str(form.get("subject", ""))),
        sealed="sealed" in form,
        clean="clean" in form,
        note=visible(str(form.get("note", "")))[:LONGEST_NOTE],
    )


def mend(
    slip: Slip, said: Typed, subject: str, own_domains: Iterable[str]
) -> tuple[Slip, list[tuple[str, str]]]:
    """Return the slip as typed, and what is wrong with it as (id of the field, sentence)."""
    errors: list[tuple[str, str]] = []
    recipients: dict[Address, None] = {}
    confirmed: dict[Address, None] = {}
    known = {str(to): to for to in slip.recipients}
    for number, row in enumerate(said.rows, 1):
        if row.out:
            continue
        try:
            address = known.get(row.address) or Address.parse(row.address).homely(own_domains)
            recipients[address] = None
            if row.right and row.address in known:  # an address that was asked about, not a new one
                confirmed[address] = None
        except AddressError as wrong:
            empty = "Enter an address, or tick the box to leave this recipient out"
            found = f"This address cannot be used: {wrong.reason}" if row.address else empty
            errors.append((f"to-{number}", found))
    if not recipients and not errors:
        found = "Leave at least one recipient in, or take the message back"
        errors.append(("to-1", found))
    changed = said.subject != visible(subject) or said.clean
    if changed and len(said.subject) > LONGEST_SUBJECT:
        errors.append(("subject", f"A subject has at most {LONGEST_SUBJECT} characters"))
    mended = replace(
        slip,
        recipients=tuple(recipients),
        subject=said.subject if changed else slip.subject,
        sealed=said.sealed,
        confirmed=tuple(confirmed),
        note=said.note,
    )
    return mended, errors
