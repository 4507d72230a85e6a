"""Hostile HTML against the sanitiser alone, judged by another parser and by itself."""

from __future__ import annotations

import base64
import itertools
import random
import re

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webreader.payloads import Payload, complaints, payloads
from webreader.content import sanitise, styles
from webreader.content.sanitise import clean

ALL = payloads()
GIF = base64.b64encode(b"GIF89a" + b"\0" * 20).decode()


def test_the_collection_is_what_it_says() -> None:
    assert len(ALL) >= 150
    assert len({payload.name for payload in ALL}) == len(ALL)
    assert len({payload.html for payload in ALL}) >= len(ALL) - 2


@pytest.mark.parametrize("payload", ALL, ids=lambda payload: payload.name)
def test_only_listed_things_are_left_and_cleaning_again_changes_nothing(payload: Payload) -> None:
    once = clean(payload.html).html
    assert complaints(once) == []
    assert "evil.example" not in re.sub(
        r'href="https?://(?:[a-z.]+\.)?evil\.example[^"]*"|<[^>]*title="[^"]*"|>[^<]*<',
        "",
        f">{once}<",
    )
    assert clean(once).html == once


def test_all_payloads_together() -> None:
    html = "\n".join(payload.html for payload in ALL if "plaintext" not in payload.html)
    once = clean(html).html
    assert complaints(once) == []
    assert clean(once).html == once


def test_pairs_of_payloads_cannot_do_together_what_each_cannot() -> None:
    chance = random.Random(20261103)
    for _ in range(1500):
        one, two = chance.sample(ALL, 2)
        cut = chance.randrange(len(one.html) + 1)
        html = one.html[:cut] + two.html + one.html[cut:]
        once = clean(html).html
        assert complaints(once) == [], html
        assert clean(once).html == once, html


SOUP = st.lists(
    st.sampled_from(
        [
            *("<svg>", "</svg>", "<math>", "</math>", "<mtext>", "<mglyph>", "<style>", "</style>"),
            *("<title>", "</title>", "<textarea>", "</textarea>", "<noscript>", "</noscript>"),
            *("<table>", "</table>", "<td>", "</td>", "<tr>", "<caption>", "<select>", "</select>"),
            *("<p>", "</p>", "<b>", "</b>", "<a href=javascript:alert(1)>", "</a>", "<!--", "-->"),
            *("<annotation-xml encoding=text/html>", "<foreignObject>", "<desc>", "<template>"),
            *("<form>", "</form>", "<iframe>", "</iframe>", "<![CDATA[", "]]>", "<xmp>", "</xmp>"),
            *('"', "'", "`", "=", ">", "<", "&lt;", "&#60;", "&quot;", "\0", "\x0c", "/", "x"),
            *("<img src=x onerror=alert(1)>", "<p title='", "<p style='", "url(//evil.example/)"),
            *(
                "<p style='color:red;",
                "<div class=MsoNormal id=x>",
                "<img src=https://evil.example>",
            ),
            *("<noembed>", "</noembed>", "<plaintext>", "<frameset>", "<br>", "</br>", "<li>"),
        ]
    ),
    max_size=40,
)


LINKS_IN_TABLE = re.compile("<a .*<a .*<table|<a .*<table.*<a ", re.DOTALL)


@given(SOUP)
def test_tag_soup(pieces: list[str]) -> None:
    once = clean("".join(pieces)).html
    assert complaints(once) == []
    again = clean(once).html
    assert complaints(again) == []
    if LINKS_IN_TABLE.search(once):  # the one thing that is known to move when it is read again
        again, once = clean(again).html, again
    assert again == once


def test_a_link_in_a_table_settles() -> None:
    """A parser moves a link out of a table, and again when it reads what came of that."""
    soup = "<a href=javascript:alert(1)><table><a href=javascript:alert(1)>"
    once = clean(soup).html
    assert LINKS_IN_TABLE.search(once)
    again = clean(once).html
    assert again != once  # if this ends, so may the exception above
    assert complaints(again) == []
    assert clean(again).html == again


@given(
    st.text(alphabet=st.sampled_from("abcurl():;,'\"\\/*@{}<>!-# 0123456789%\n\t\0é_"), max_size=80)
)
def test_style_soup(style: str) -> None:
    once = styles.clean(style)
    assert styles.clean(once) == once
    assert complaints(f'<p style="{once.replace(chr(34), "&quot;")}">') == [] or not once


def test_the_oracle_sees_what_a_lax_sanitiser_lets_through() -> None:
    """Negative control: with nh3 as it comes, and with nothing, the same tests go red."""
    stock = [payload for payload in ALL if complaints(nh3.clean(payload.html))]
    bare = [payload for payload in ALL if complaints(payload.html)]
    assert len(stock) >= 30
    assert len(bare) >= 250


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ('<a href="https://a.example/x?y=1#z">l</a>', 'href="https://a.example/x?y=1#z"'),
        ('<a href="mailto:a@b.example">l</a>', 'href="mailto:a@b.example"'),
        (
            "<p style='color:#f00; font-family: \"Segoe UI\", Arial, sans-serif'>x",
            "&quot;segoe ui&quot;, arial",
        ),
        (
            "<p style='background:#eee;margin:0 auto;padding:.5em'>x",
            "background-color:#eee;margin:0 auto",
        ),
        ("<td>x", "x"),
        (
            "<table role=presentation width=600 cellpadding=0><tr><td colspan=2>x",
            'role="presentation" width="600"',
        ),
        ("<p class='MsoNormal other'>x", 'class="MsoNormal"'),
        ("<font color=red size=+1>x</font>", '<font color="red" size="+1">'),
        (f"<img src='data:image/gif;base64,{GIF}'>", "data:image/gif;base64,"),
        ("<blockquote><ul><li>x</ul><hr>", "<blockquote><ul><li>x</li></ul><hr>"),
        ("<p dir=rtl lang=ar>x", '<p dir="rtl" lang="ar">'),
    ],
)
def test_what_people_write_is_kept(html: str, kept: str) -> None:
    assert kept in clean(html).html


def test_links_open_elsewhere_and_tell_nothing() -> None:
    html = clean('<a rel=opener target=_self href="https://a.example/">x</a>').html
    assert 'rel="noopener noreferrer nofollow ugc"' in html
    assert 'target="_blank"' in html


def test_remote_pictures_are_counted() -> None:
    html = """<img src=https://t.example/a><img src=//t.example/b><img src=" http://t.example/c">
        <table background="https://t.example/d"><tr><td style="background:url(https://t.example/e)">
        <img src="cid:no"><img src="data:image/svg+xml,<svg/>"><img alt=no><img src="local.png">"""
    cleaned = clean(html)
    assert (cleaned.remote, cleaned.left_out) == (5, 3)
    assert "t.example" not in cleaned.html


def test_pictures_share_one_allowance(monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"data:image/gif;base64,{GIF}"
    monkeypatch.setattr(sanitise, "PICTURE_BYTES", 3 * len(uri))
    cleaned = clean("<img src=cid:a>" * 5, {"a": uri})
    assert cleaned.html.count("data:image/gif") == 3
    assert cleaned.left_out == 2
    assert clean(cleaned.html).html == cleaned.html


def test_families_cover_every_way_in() -> None:
    families = {
        name: list(group)
        for name, group in itertools.groupby(ALL, lambda p: p.name.partition(":")[0])
    }
    assert set(families) == {"scripts", "links", "documents", "mutation", "styles", "loading"}
