"""Text: every plausible reading of a header, and one normal form with a way back."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.text import charsets
from policies.text.view import TEXT_LIMIT, decode_header, normalise

WORDS = """
=?_ =?utf-8?Q? =?utf-8?B? ?= = == 9 １ ⑨ १ \u200b \u202e \u202c \ud800 \ufdfa \u0336 \u20e3 о О l @
． nine double dob nhs . - / ㍿ 각 \U0001f1ef \U000e0061 é e\u0301 A1 1AA AB123456C
"""
ODD = st.sampled_from([*WORDS.split(), " ", "\t", "\r\n"])
TEXTS = st.lists(ODD | st.text(max_size=3), max_size=60).map("".join)


@pytest.mark.parametrize(
    ("raw", "first"),
    [
        (b"plain", "plain"),
        (b" folded\r\n\tonce ", "folded\tonce"),
        ("Si\u00e2n".encode(), "Siân"),
        (b"Si\xe2n", "Siân"),
        (b"quotes \x93here\x94", "quotes “here”"),
        ("already text", "already text"),
        ("escaped \udce9", "escaped é"),
        (b"=?utf-8?Q?caf=C3=A9?= =?utf-8?Q?_menu?=", "café menu"),
        (b"=?utf-8?Q?caf=C3?= =?UTF-8?B?qSE=?=", "café!"),
        (b"=?iso-8859-1*en?q?caf=E9?= menu", "café menu"),
        (b"a =?us-ascii?q?b?= c", "a b c"),
        (b"=?utf-8?Q??=", ""),
        (b"=?", "=?"),
    ],
)
def test_the_likeliest_reading_comes_first(raw: bytes | str, first: str) -> None:
    assert decode_header(raw)[0] == first


@pytest.mark.parametrize("name", ["rot13", "unicode_escape", "idna", "base64", "undefined", "zip"])
def test_what_only_python_calls_a_charset_is_none(name: str) -> None:
    assert decode_header(f"=?{name}?Q?uryyb_=5Cx41?=") == ["uryyb \\x41"]


@pytest.mark.parametrize(
    "raw",
    [
        b"NHS \x1b(B943",
        b"NHS \x1b(J943",
        b"NHS \x1b$B#9#4#3\x1b(B",
        b"=?iso-2022-cn?Q?NHS_=1B$)A943=0F?=",
        b"=?iso-2022-cn?B?TkhTIBskKUE5NDM=?=",
        b"=??B?TkhTIDk0Mw==?=",
        b"=?utf-8 ?B?TkhTIDk0Mw==?=",
    ],
)
def test_programs_that_forgive_a_character_set_are_believed(raw: bytes) -> None:
    """Some follow ISO 2022 wherever its escapes stand, and some know more of it than we do."""
    assert "NHS 943" in {normalise(text).normal.strip() for text in decode_header(raw)}


def test_a_charset_that_is_not_known_may_hide_what_looks_like_ascii() -> None:
    assert charsets.doubtful(b"\x1b$)A943", "iso-2022-cn")
    assert not charsets.doubtful(b"943", "iso-2022-cn")


def test_every_charset_on_the_list_can_be_read() -> None:
    names = charsets._PLAIN | charsets._SHIFTING | charsets._LATIN | charsets._WIDE.keys()
    assert len(names) > 100
    for name in names:
        assert charsets.readings(b"abc\xff", name)
    for name in charsets._PLAIN | charsets._LATIN:
        assert charsets.readings(b"abc", name) == ["abc"]


def test_programs_that_differ_are_all_believed() -> None:
    (sam,) = {"Sam"} & set(decode_header(b"=?utf-16?B?UwBhAG0A?="))
    assert sam in decode_header(b"=?utf-16?B?AFMAYQBt?=")
    assert {"one two", "one "} <= set(decode_header(b"=?utf-8?B?b25lIA==dHdv?="))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"=?utf-8?B?" * 400)
@example(b"=?utf-7?Q?+?=")
def test_any_bytes_have_readings(raw: bytes) -> None:
    found = decode_header(raw)
    assert 1 <= len(found) == len(set(found)) <= 12


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("９９９\u200b ٤٥", "999 45"),
        ("“quoted” – ‘dash’", "\"quoted\" - 'dash'"),
        ("Zoe\u0308 Jose\u0301", "Zoë José"),
        ("pаypal", "paypal"),
        ("Совет", "Совет"),
        ("ΔΗΜΟΣ", "ΔΗΜΟΣ"),
        ("Sørensen Işık Ɗan", "Sørensen Işık Ɗan"),
        ("tab\tnewline\nnul\0", "tab newline nul"),
        ("½ ﬁne ㏂", "1/2 fine a.m."),
        ("\ufdfa", "\ufdfa"),
        ("plain", "plain"),
    ],
)
def test_what_looks_the_same_becomes_the_same(text: str, normal: str) -> None:
    assert normalise(text).normal == normal


def test_shapes_are_compared_with_every_look_alike_folded() -> None:
    assert normalise("АВ 五 é").ascii == b"AB 5 ?"
    assert normalise("O7700 9OO158").digits == b"07700 900158"
    assert normalise("Oil is so good").digits == b"Oil is so good"


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_every_normal_character_came_from_somewhere(text: str) -> None:
    view = normalise(text)
    length = len(view.normal)
    assert length == len(view.starts) == len(view.ends) == len(view.ascii) == len(view.digits)
    assert list(view.starts) == sorted(view.starts)
    assert all(0 <= view.starts[at] < view.ends[at] <= len(text) for at in range(length))
    assert view.offsets == view.starts


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    once = normalise(text).normal
    assert normalise(once, limit=len(once)).normal == once


def test_a_span_is_told_on_the_original() -> None:
    view = normalise("NHS ９\u200b９９")
    assert view.span(4, 7) == (4, 8)
    assert view.original[slice(*view.span(4, 7))] == "９\u200b９９"


def test_a_text_that_is_too_long_says_that_it_was_cut() -> None:
    assert not normalise("x" * TEXT_LIMIT).cut
    long = normalise("x" * (TEXT_LIMIT + 1))
    assert long.cut
    assert len(long.normal) == TEXT_LIMIT


def test_numbers_are_runs_of_groups() -> None:
    runs = normalise("ring 07700 900 158, ref 12 and nine nine nine one zero six").runs
    assert [run.digits for run in runs] == ["07700900158", "999106"]
    window = runs[0].window(5, 6)
    assert (window.digits, window.groups) == ("900158", (3, 3))
    assert runs[0].stretches(8) == [0]
    sums = [0 * 3 + 7 * 2 + 7, 1 * 3 + 5 * 2 + 8]
    assert runs[0].weighted((3, 2, 1), (0, 8)) == sums
    assert runs[0].weighted((3, 2, 1), (0, 8) * 5) == sums * 5, "many at once"


@given(st.text("0123456789", min_size=13, max_size=24))
def test_the_luhn_sum_is_the_one_in_the_books(digits: str) -> None:
    (run,) = normalise(digits).runs
    doubled = [int(d) * (2 - at % 2) for at, d in enumerate(reversed(digits), 1)]
    assert run.luhn(0, len(digits)) == sum(n - 9 if n > 9 else n for n in doubled)
