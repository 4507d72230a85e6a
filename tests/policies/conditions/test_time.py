"""Hours and days are those of London, past midnight and when clocks change."""

from datetime import datetime

import pytest

from tests.policies.conditions.asking import Known, policy, why
from tests.policies.mails import PARTNER, envelope
from vault.address import Address


def fires(when: str, moment: str) -> bool:
    return bool(why(policy(f"{{time: {when}}}"), known=Known(now=datetime.fromisoformat(moment))))


@pytest.mark.parametrize(
    ("when", "moment", "inside"),
    [
        ("{from: 08:00, to: '18:00'}", "2026-11-24T08:00:00+00:00", True),
        ("{from: 08:00, to: '18:00'}", "2026-11-24T07:59:59+00:00", False),
        ("{from: 08:00, to: '18:00'}", "2026-11-24T18:00:00+00:00", False),
        # In July London is an hour ahead of UTC.
        ("{from: 08:00, to: '18:00'}", "2026-07-07T07:00:00+00:00", True),
        ("{from: 08:00, to: '18:00'}", "2026-07-07T17:00:00+00:00", False),
        # The night the clocks go back: 01:30 comes twice; forward: it does not come at all.
        ("{from: 01:00, to: '02:00'}", "2026-10-25T00:30:00+00:00", True),
        ("{from: 01:00, to: '02:00'}", "2026-10-25T01:30:00+00:00", True),
        ("{from: 01:00, to: '02:00'}", "2026-10-25T02:00:00+00:00", False),
        ("{from: 01:00, to: '02:00'}", "2026-03-29T01:00:00+00:00", False),
        ("{from: '17:30'}", "2026-11-24T23:59:00+00:00", True),
        ("{to: '07:00'}", "2026-11-24T00:00:00+00:00", True),
        ("{to: '07:00'}", "2026-11-24T07:00:00+00:00", False),
        ("{from: '17:30', to: '24:00'}", "2026-11-24T23:59:59+00:00", True),
        ("{days: weekend}", "2026-11-22T12:00:00+00:00", True),
        ("{days: weekdays}", "2026-11-22T12:00:00+00:00", False),
        ("{days: [monday, sunday]}", "2026-11-22T12:00:00+00:00", True),
        # Friday evening lasts until Saturday morning.
        ("{days: friday, from: '18:00', to: '08:00'}", "2026-11-27T19:00:00+00:00", True),
        ("{days: friday, from: '18:00', to: '08:00'}", "2026-11-28T07:59:00+00:00", True),
        ("{days: friday, from: '18:00', to: '08:00'}", "2026-11-28T08:00:00+00:00", False),
        ("{days: friday, from: '18:00', to: '08:00'}", "2026-11-27T07:00:00+00:00", False),
        ("{days: saturday, from: '18:00', to: '08:00'}", "2026-11-28T07:59:00+00:00", False),
    ],
)
def test_a_time(when: str, moment: str, inside: bool) -> None:
    assert fires(when, moment) is inside


def test_why_says_the_hours() -> None:
    rules = policy("{time: {days: weekdays, from: 9:00, to: '17:30'}}")
    assert why(rules) == "The mail is sent on a weekday between 09:00 and 17:30."


def test_the_time_is_known_when_the_recipient_is_named() -> None:
    from policies.language.loader import load_text

    rules = load_text(
        "version: 1\nrules:\n  - name: a-rule\n    when: {time: {from: 00:00, to: '06:00'}}\n"
        "    then: refuse\n    tell_sender: Not sent.\n"
    )
    to = Address.parse(PARTNER)
    night = Known(now=datetime.fromisoformat("2026-11-24T03:00:00+00:00"))
    assert rules.decide_recipient(envelope(PARTNER), to, night) is not None
    assert rules.decide_recipient(envelope(PARTNER), to, Known()) is None
