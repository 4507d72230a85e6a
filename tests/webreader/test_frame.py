from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webreader.content import frame
from webreader.content.plaintext import render
from webreader.pages import ASSETS

SHEET = ASSETS["site.css"].decode()


@pytest.mark.parametrize("kind", ["wide", "narrow"])
def test_the_style_sheet_has_every_height(kind: str) -> None:
    found = re.findall(rf"\.{kind}-(\d+) {{ height: (\d+)rem; }}", SHEET)
    assert [(int(step), int(rem)) for step, rem in found] == list(enumerate(frame.HEIGHTS))


def test_a_guess_grows_with_the_text_and_more_on_a_phone() -> None:
    short, long = "<p>Thank you.</p>", "<p>" + "words " * 800 + "</p>"
    assert frame.classes(short) == "wide-0 narrow-0"
    wide, narrow = re.findall(r"\d+", frame.classes(long))
    assert 0 < int(wide) < int(narrow)


def test_line_ends_count_in_plain_text_only() -> None:
    text = "one\n" * 30
    assert frame.lines(render(text), 80) > 29
    assert frame.lines(f"<p>{text}</p>", 80) < 4


def test_pictures_need_room() -> None:
    assert frame.lines('<p><img alt="" src="data:x"></p>', 80) > 5


@given(st.text(alphabet="<>/pbrdiv&;\n a", max_size=400))
def test_any_text_has_a_guess(text: str) -> None:
    assert re.fullmatch(r"wide-\d+ narrow-\d+", frame.classes(text))


def test_a_hostile_text_is_guessed_quickly() -> None:
    started = time.monotonic()
    for piece in ("<", "<p", "<p>", "&", "<img ", "\n"):
        frame.classes("<pre>" + piece * 200_000)
    assert time.monotonic() - started < 10
