"""The fast way through a document gives what the slow way gives, or leaves it to the slow one."""

import pytest

from policies.extraction.budgets import Budgets, Meter
from policies.extraction.readers.office import RULES
from policies.extraction.readers.plain_xml import PlainText
from policies.extraction.readers.xml import Listener, listen

PLAIN = PlainText(RULES.after, RULES.telling())
W = 'xmlns:w="urn:w"'
DEEP = "<w:p>" * 300 + "deep" + "</w:p>" * 300

FAST = {
    "prefixed": f"<w:doc {W}><w:p><w:t>943 </w:t><w:t>476</w:t></w:p><w:p>x</w:p></w:doc>",
    "default": '<doc xmlns="urn:w"><p>943<r/>476</p><tab/><tc>a</tc></doc>',
    "declared": f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<w:doc {W}>é</w:doc>',
    "references": f"<w:doc {W}>&#57;43 &lt;p&gt; &amp;amp;</w:doc>",
    "attributes nobody sees": f'<w:doc {W} w:rsid="1"><w:p w:x="2">y</w:p></w:doc>',
    "deep": f"<w:doc {W}>{DEEP}</w:doc>",
    "of its own": f'<w:doc {W}><q:p xmlns:q="urn:q">z</q:p></w:doc>',
}
SLOW = {
    "no namespace": "<doc><p>943</p>476</doc>",
    "a namespace only in words": "<doc a=\" xmlns='x' \">943<p/>476</doc>",
    "a child without one": f"<w:doc {W}>943<p/>476</w:doc>",
    "one taken back": '<doc xmlns="urn:w">943<p xmlns="">x</p></doc>',
    "one taken back with a blank": "<doc xmlns='urn:w'>943<p xmlns = ''>x</p></doc>",
    "character data": f"<w:doc {W}><![CDATA[943]]></w:doc>",
    "a remark": f"<w:doc {W}>943<!-- 476 --></w:doc>",
    "an instruction": f"<w:doc {W}>943<?a 476?></w:doc>",
    "a document type": '<!DOCTYPE doc [<!ATTLIST doc xmlns CDATA "x">]><doc>943</doc>',
    "another encoding": f'<?xml version="1.0" encoding="utf-16"?><w:doc {W}>943</w:doc>',
    "what a picture shows": f'<w:doc {W}><w:docPr w:descr="943"/></w:doc>',
    "the name of a sheet": '<doc xmlns="urn:x"><sheet name="943"/></doc>',
    "damaged": f"<w:doc {W}><w:p>943</w:doc>",
    "unbound": "<w:doc>943</w:doc>",
    "nothing": "",
}


def slowly(document: str) -> str:
    listener = Listener(RULES)
    listen(document.encode(), listener, Meter(Budgets()))
    return listener.texts()[0]


@pytest.mark.parametrize("document", FAST.values(), ids=FAST.keys())
def test_both_ways_give_the_same(document: str) -> None:
    assert PLAIN.text_of(document.encode(), lambda: None) == slowly(document)


@pytest.mark.parametrize("document", SLOW.values(), ids=SLOW.keys())
def test_what_is_not_plain_goes_the_slow_way(document: str) -> None:
    assert PLAIN.text_of(document.encode(), lambda: None) is None


def test_wide_characters_go_the_slow_way() -> None:
    document = f"<w:doc {W}>943</w:doc>"
    assert PLAIN.text_of(document.encode("utf-16"), lambda: None) is None
    assert PLAIN.text_of(document.encode("utf-8-sig"), lambda: None) == "943"
