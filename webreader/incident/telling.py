"""An incident in plain words: facts, timeline and draft letters, before they have any form.

Promises that no sentence says more than is on record, that nothing is decided for the data
protection officer, and that what only a person can know is left open in [square brackets].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from policies.detectors import DETECTORS
from vault.address import Address
from vault.trail.audit import once_a_visit
from vault.trail.incident import Incident, Person, Touch
from webreader.managing.timeline import tell
from webreader.pages import size

NOTICES: Final = {
    "none": "was not told by email",
    "queued": "the email with the link was not sent yet",
    "relayed": "the email with the link was sent",
    "delayed": "the email with the link was delayed",
    "bounced": "the email with the link was not delivered",
}
NOBODY: Final = Address("nobody", "nobody.invalid")  # nobody is told as "you"
ARTICLE: Final = "UK GDPR, article 33"
REGULATOR: Final = """\
{who} reports a personal data breach under {article}.

Nature of the breach: on {sealed} a message (reference {reference}) was made available by mistake to
{wrong} who should not have had it. [What happened, and how it was noticed.]

The message was encrypted and could be read only on our own site, after signing in. Access was
withdrawn on {withdrawn}. {outcome}

Personal data concerned, as far as our systems recognised it: {kinds}.

Categories and approximate number of people concerned: [whom the data is about, and how many].

Likely consequences: [your assessment of the risk to these people].

Measures taken: access was withdrawn; [whether the recipient was asked to confirm that nothing was
kept, and what is done so that it does not happen again].

Contact: [name and contact details of the data protection officer].

[If this is sent after the 72 hours: the reasons for the delay.]
"""
PERSON: Final = """\
Dear [name],

we are writing to tell you of a mistake of ours. On {sealed} a message that contains information
about you was made available to somebody who should not have had it.

The information was: [in plain words].

On {withdrawn} we withdrew it. {outcome}

What this may mean for you: [likely consequences, in plain words]. What we have done, and what you
can do yourself: [measures].

We are sorry. If you have questions, please contact [data protection officer]. You may also complain
to the Information Commissioner’s Office, ico.org.uk.

[Name], {who}
"""


@dataclass(frozen=True, slots=True)
class Who:
    """One recipient, in words; each of `seen` is a line."""

    address: str
    standing: str
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A draft for a person to complete; its paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report says, in the order in which it says it."""

    title: str
    clock: str
    facts: tuple[tuple[str, str], ...]
    kinds: tuple[str, ...]
    people: tuple[Who, ...]
    copies: tuple[str, ...]
    fetches: str
    timeline: tuple[tuple[str, str], ...]
    letters: tuple[Letter, ...]
    note: str


def report(incident: Incident, organisation: str, zone: tzinfo) -> Report:
    """Put an incident into words, with times as the clocks of `zone` show them."""
    words = _Words(incident, organisation, zone)
    return Report(
        title=f"Incident report on the message {incident.reference}",
        clock=words.clock(),
        facts=words.facts(),
        kinds=words.kinds(),
        people=tuple(map(words.who, incident.people)),
        copies=tuple(
            f"{copy.address}: {copy.state}, {words.at(copy.at)}" for copy in incident.copies
        ),
        fetches=words.fetches(),
        timeline=words.timeline(),
        letters=(words.to_the_regulator(), words.to_the_person()),
        note=(
            "This report is made of Sealgate’s record of the message, which can be verified: "
            "sealgate audit verify. It holds neither subject nor content. “Opened” is said only "
            "of somebody who had signed in and was shown the message."
        ),
    )


class _Words:
    """How one incident is told."""

    def __init__(self, incident: Incident, organisation: str, zone: tzinfo) -> None:
        self._incident = incident
        self._organisation = organisation or "[name of the organisation]"
        self._zone = zone

    def at(self, when: datetime) -> str:
        """Write an instant for people, with its zone."""
        local = when.astimezone(self._zone)
        return f"{local.day} {local:%B %Y, %H:%M} {local.tzname() or 'UTC'}"

    def clock(self) -> str:
        """Say when the 72 hours end."""
        incident = self._incident
        hours = (incident.deadline - incident.made_at).total_seconds() / 3600
        left = f"{int(hours)} hours are left" if hours > 0 else "that time has passed"
        return (
            f"If the supervisory authority must be told, it must be told by "
            f"{self.at(incident.deadline)}: 72 hours after access was first withdrawn "
            f"({ARTICLE}). When this report was made, {left}. If somebody knew of the mistake "
            "before access was withdrawn, the 72 hours began then."
        )

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name what is known of the message as a whole."""
        one = self._incident
        limit = self.at(one.expires_at) if one.expires_at else "none"
        facts = [
            ("Reference", one.reference),
            ("Sent by", one.author),
            ("Sealed", self.at(one.sealed_at)),
            ("Time limit", limit),
            ("Size", size(one.size)),
            ("Rules that applied", ", ".join(one.rules) or "none"),
            ("Access first withdrawn", self.at(one.aware_at)),
            ("Report made", self.at(one.made_at)),
        ]
        if one.owner != one.author:
            facts.insert(2, ("Managed by", one.owner))
        return tuple(facts)

    def kinds(self) -> tuple[str, ...]:
        """Name what detectors found: how many different values of each kind."""
        return tuple(
            f"{_kind(name)}: {count} different" if count > 1 else f"{_kind(name)}: 1"
            for name, count in self._incident.found.items()
        )

    def who(self, person: Person) -> Who:
        """Tell what one recipient could do, and did."""
        standing = "has access" if person.has_access else "access withdrawn"
        told = NOTICES.get(person.notice, person.notice)
        seen = [
            *(f"Opened it on {self._touch(one)}" for one in _visits(person.opened)),
            *(f"{_taken(one)} on {self._touch(one)}" for one in person.downloaded),
            *(f"Was turned away on {self._touch(one)}" for one in person.denied),
        ]
        if not person.opened and not person.downloaded:
            seen.insert(0, "Has not opened it")
        given = f"given access on {self.at(person.given_at)}"
        return Who(person.address, f"{standing}; {given}; {told}", tuple(seen))

    def fetches(self) -> str:
        """Say how often the link was followed by nobody in particular."""
        fetched = self._incident.fetches
        if not fetched:
            return ""
        places = ", ".join(dict.fromkeys(one.origin.ip or "an unknown place" for one in fetched))
        times = "once" if len(fetched) == 1 else f"{len(fetched)} times"
        return (
            f"The link was followed {times} by whoever, or whatever, had not signed in, from "
            f"{places}. Nothing was shown then. Mail scanners follow links by themselves."
        )

    def timeline(self) -> tuple[tuple[str, str], ...]:
        """Tell what happened, in order, as the sender’s page tells it."""
        moments = tell(once_a_visit(self._incident.events), NOBODY)
        return tuple(
            (
                self.at(moment.at),
                f"{moment.text}{f', from {moment.place}' if moment.place else ''}",
            )
            for moment in moments
        )

    def to_the_regulator(self) -> Letter:
        """Draft what article 33 (3) asks to be told."""
        one = self._incident
        text = REGULATOR.format(
            who=self._organisation,
            article=ARTICLE,
            sealed=self.at(one.sealed_at),
            reference=one.reference,
            wrong=_people(len(one.withdrawn)),
            withdrawn=self.at(one.aware_at),
            outcome=self._outcome(),
            kinds="; ".join(self.kinds()) or "[kinds of personal data in the message]",
        )
        return Letter("Draft: to the Information Commissioner’s Office", _paragraphs(text))

    def to_the_person(self) -> Letter:
        """Draft what article 34 (2) asks to be told, where the risk is high."""
        one = self._incident
        text = PERSON.format(
            who=self._organisation,
            sealed=self.at(one.sealed_at),
            withdrawn=self.at(one.aware_at),
            outcome=self._outcome(),
        )
        return Letter("Draft: to the person whom the data is about", _paragraphs(text))

    def _outcome(self) -> str:
        """Say what the record knows of whose access was withdrawn, and of copies in the clear."""
        withdrawn = self._incident.withdrawn
        opened = [one for one in withdrawn if one.opened or one.downloaded]
        kept = sum(bool(one.downloaded) for one in opened)
        if not opened:
            said = "According to our record nobody whose access was withdrawn had opened it."
        else:
            taken = f"{_people(kept)} downloaded or printed from it" if kept else "nothing was kept"
            said = f"According to our record {_people(len(opened))} had opened it, and {taken}."
            said = said.replace("nothing was kept", "nothing of it was downloaded")
        if self._incident.copies:
            said += " Copies without sealing were sent to others; who read these is not known."
        return said

    def _touch(self, touch: Touch) -> str:
        place = f" from {touch.origin.ip}" if touch.origin.ip else ""
        agent = f" ({touch.origin.agent})" if touch.origin.agent else ""
        return f"{self.at(touch.at)}{place}{agent}"


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(" ".join(one.split()) for one in text.strip().split("\n\n"))


def _visits(touches: Iterable[Touch]) -> list[Touch]:
    """Leave out what is one visit: a page is made of several requests."""
    shown: list[Touch] = []
    last: Touch | None = None
    for one in touches:
        same = last is not None and last.origin == one.origin
        if last is None or not same or (one.at - last.at).total_seconds() > 60:  # noqa: PLR2004
            shown.append(one)
        last = one
    return shown


def _taken(touch: Touch) -> str:
    return {
        "attachment:downloaded": f"Downloaded attachment {touch.detail}",
        "original:downloaded": "Downloaded the original message",
    }.get(touch.act.value, "Opened the view for paper")


def _kind(detector: str) -> str:
    known = DETECTORS.get(detector)
    label = known.label if known else detector.replace("_", " ")
    return label.removeprefix("a ").removeprefix("an ")


def _people(count: int) -> str:
    return "one recipient" if count == 1 else f"{count} recipients"
