"""Where an act came from: whatever a stranger sends, it is short and printable."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from vault.origin import AGENT_LIMIT, Origin


@given(st.text(), st.text(max_size=1000))
def test_anything_becomes_short_and_printable(ip: str, agent: str) -> None:
    origin = Origin(ip, agent)
    assert origin.ip == "" or ipaddress.ip_address(origin.ip)
    assert len(origin.agent) <= AGENT_LIMIT
    assert origin.agent.isprintable()
    assert Origin(origin.ip, origin.agent) == origin


def test_addresses_are_written_one_way() -> None:
    assert Origin("2001:DB8::0:1").ip == "2001:db8::1"
    assert Origin("fe80::1%eth0").ip == "fe80::1"
    assert Origin("::ffff:192.0.2.1").ip == "192.0.2.1"
    assert Origin("192.0.2.1\r\nX: y").ip == ""
    assert Origin("unix:").ip == ""


def test_an_agent_loses_line_breaks_and_direction_marks() -> None:
    assert Origin(agent="Mozilla/5.0\r\nSet-Cookie: a\u202eb").agent == (
        "Mozilla/5.0 Set-Cookie: a b"
    )
