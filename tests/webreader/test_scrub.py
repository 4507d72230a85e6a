"""Sanitising within bounds: hostile documents end, honest ones come out as they always do."""

from __future__ import annotations

import time

import pytest

from webreader.content.sanitise import clean
from webreader.content.scrub import LONGEST, TooHard, scrub

ROW = "<tr><td style='padding:3px'>a<td>b <a href=https://a.example/>link</a>"


@pytest.mark.parametrize(
    "html",
    ["<p>small</p>", f"<table>{ROW * 3000}</table>", "<p>x <img src=cid:a></p>" * 2500],
    ids=["small", "table", "pictures"],
)
def test_both_ways_give_the_same(html: str) -> None:
    inline = {"a": "data:image/gif;base64,R0lGODlh"}
    apart, here = scrub(html, inline), clean(html, inline)
    assert (apart.remote, apart.left_out) == (here.remote, here.left_out)
    assert clean(apart.html).html == apart.html
    assert sorted(apart.html.split()) == sorted(here.html.split()) or "href" in here.html
    assert len(apart.html) == len(here.html)


BOMBS = {
    "nesting": "<div>" * 300_000,
    "formatting": "".join(f"<b title={at}>" for at in range(60_000)),
    "attributes": "<a " + " ".join(f"a{at}" for at in range(400_000)) + ">",
    "reconstruction": "<div>" + "".join(f"<b title={at}>" for at in range(2500)) + "</div>"
    "<div>x</div>" * 60_000,
    "length": "x" * (LONGEST + 1),
}


@pytest.mark.parametrize("html", BOMBS.values(), ids=BOMBS)
def test_bombs_end(html: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webreader.content.scrub._CPU_SECONDS", 1)
    start = time.monotonic()
    with pytest.raises(TooHard):
        scrub(html)
    assert time.monotonic() - start < 60


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 1000,
        "".join(f"<b title={at}>" for at in range(1000)),
        "<a " + " ".join(f"a{at}" for at in range(38_000)) + ">",
        "<div>" + "".join(f"<b title={at}>" for at in range(500)) + "</div>" + "<p>x" * 490,
        "<table>" + "x<b>" * 999,
        "&notin;" * 37_000,
        "<p style='" + "color:red;" * 25_000 + "'>",
    ],
)
def test_the_small_ones_that_are_cleaned_on_the_spot_are_quick(html: str) -> None:
    start = time.monotonic()
    scrub(html)
    assert time.monotonic() - start < 15


def test_the_child_gets_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that is too hard must not be explained to anybody by way of the environment."""
    seen = {}

    def spy(*_: object, **kwargs: object) -> None:
        seen.update(kwargs)
        raise OSError

    monkeypatch.setenv("SEALGATE_SECRET", "x")
    monkeypatch.setattr("webreader.content.scrub.subprocess.run", spy)
    with pytest.raises(TooHard):
        scrub("<p>" * 3000)
    assert set(seen["env"]) == {"PYTHONPATH"}
