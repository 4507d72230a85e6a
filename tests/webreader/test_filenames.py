from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webreader.content.filenames import clean, disposition


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Report final.pdf", "Report final.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ('"; filename=x.exe', "__ filename=x.exe"),
        ("name.html .txt", "name.html .txt"),
        ("nul\x00l.txt", "null.txt"),
        ("...", "download"),
        ("", "download"),
        ("Zażółć gęślą.docx", "Zażółć gęślą.docx"),
    ],
)
def test_a_name_is_only_a_name(name: str, cleaned: str) -> None:
    assert clean(name) == cleaned


def test_a_long_name_keeps_its_end() -> None:
    assert clean("x" * 5000 + ".pdf") == "x" * 146 + ".pdf"


@given(st.text(max_size=300))
def test_any_name_makes_one_header_that_says_it(name: str) -> None:
    value = disposition(name)
    assert value.isascii()
    assert value.isprintable()
    assert value.startswith('attachment; filename="')
    fallback, _, spelled = value.removeprefix('attachment; filename="').partition('"; ')
    assert '"' not in fallback
    assert "\\" not in fallback
    assert unquote(spelled.removeprefix("filename*=UTF-8''")) == clean(name)
    assert len(clean(name)) <= 150
