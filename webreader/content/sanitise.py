"""HTML out of a mail becomes HTML that is safe to show.

Promises that what it returns is built from listed elements and attributes only, runs nothing,
loads nothing from anywhere, links only to absolute http, https and mailto addresses, and cleans
to itself. It is the first of three walls: the page that shows it is sandboxed and has a content
security policy, and each wall is tested with the others down. Must never fetch anything.

Sources: the allow-list follows what Web mail readers keep; `nh3` (ammonia, html5ever) does the
parsing, so that what we judge is what a browser will see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

import nh3

from webreader.content import pictures, styles

PICTURE_BYTES = 12 * 1024 * 1024  # characters of `data:` URIs in one mail, every use counted
_LINK_CHARACTERS = 4_000
_REL = "noopener noreferrer nofollow ugc"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _words(
    "a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code "
    "col colgroup dd del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header "
    "hr i img ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike "
    "strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
# Dropped with everything inside: what they hold is not meant to be read as text.
WITH_CONTENT = _words(
    "applet audio canvas embed frameset head iframe math noembed noframes noscript object "
    "plaintext script select style svg template textarea title video xmp"
)
_CELL = _words("width height bgcolor align valign colspan rowspan nowrap scope")
_COLUMN = _words("span width align")
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "*": _words("style dir lang title"),
    "a": _words("href rel target"),
    "img": _words("src alt width height border hspace vspace align"),
    "font": _words("color face size"),
    "table": _words("width height border cellpadding cellspacing bgcolor align"),
    "td": _CELL,
    "th": _CELL,
    **dict.fromkeys(("tr", "tbody", "thead", "tfoot"), _words("align valign bgcolor")),
    "col": _COLUMN,
    "colgroup": _COLUMN,
    "ol": _words("start type reversed"),
    "ul": _words("type"),
    "li": _words("value type"),
    "hr": _words("width size align color noshade"),
    **dict.fromkeys(("p", "div", "h1", "h2", "h3", "h4", "h5", "h6"), _words("align")),
}
# Outlook's paragraphs have no margin of their own; the style sheet that says so is not kept.
CLASSES = _words("MsoNormal MsoPlainText MsoListParagraph MsoNoSpacing")
_WITH_BACKGROUND = _words("table tbody thead tfoot tr td th")  # listed so that it can be counted
_ASKED = {
    tag: set(names | ({"background"} if tag in _WITH_BACKGROUND else set()))
    for tag, names in ATTRIBUTES.items()
}
_PLAIN = re.compile(r"[\w #%.,()+-]{0,200}")  # every attribute that is a number, word or colour
_FREE_TEXT = _words("alt title")
_MAILTO_HEADERS = _words("to cc subject body in-reply-to")  # RFC 6068, 7: others are not safe


@dataclass(frozen=True, slots=True)
class Clean:
    """A mail's HTML made safe, and how much it wanted to load from elsewhere."""

    html: str
    remote: int  # pictures and backgrounds on other hosts that were left out
    left_out: int  # pictures within the mail that are no raster pictures, or one too many


class _Rules:
    """What becomes of each attribute; counts what it leaves out. One object a mail."""

    def __init__(self, inline: Mapping[str, str]) -> None:
        self._inline = inline
        self._room = PICTURE_BYTES
        self.remote = 0
        self.left_out = 0

    def __call__(self, tag: str, name: str, value: str) -> str | None:
        """Return the value to write, or None to drop the attribute. Never raises."""
        if name == "style":
            self.remote += styles.loads_remote(value)
            return styles.clean(value) or None
        if name == "href":
            return link(value)
        if name == "src":
            return self._picture(value.strip())
        if name == "background":
            self.remote += _is_remote(value)
            return None
        if name in _FREE_TEXT or name in {"rel", "target", "class"}:
            return value[:1_000]
        return value if _PLAIN.fullmatch(value) else None

    def _picture(self, source: str) -> str | None:
        if _is_remote(source):
            self.remote += 1
            return None
        if source[:4].lower() == "cid:":
            uri = self._inline.get(unquote(source[4:]))
        else:
            uri = pictures.proven(source)
        if uri is None or len(uri) > self._room:
            self.left_out += 1
            return None
        self._room -= len(uri)
        return uri


def clean(html: str, inline: Mapping[str, str] | None = None) -> Clean:
    """Return `html` made safe. `inline` holds the mail's own pictures: content id to `data:` URI.

    The time taken can grow with the square of hostile input; `webreader.content.scrub` bounds it.
    """
    rules = _Rules(inline or {})
    safe = nh3.clean(
        html.replace("\x00", ""),
        tags=set(TAGS),
        clean_content_tags=set(WITH_CONTENT),
        attributes=_ASKED,
        allowed_classes={tag: set(CLASSES) for tag in ("p", "li", "div")},
        attribute_filter=rules,
        url_schemes={"http", "https", "mailto", "cid", "data"},
        link_rel=None,  # set below instead: added that way, attributes keep their order when
        set_tag_attribute_values={"a": {"target": "_blank", "rel": _REL}},  # cleaned again
        tag_attribute_values={"table": {"role": {"presentation", "none"}}},
        strip_comments=True,
    )
    return Clean(safe, rules.remote, rules.left_out)


def _is_remote(source: str) -> bool:
    return re.match(r"\s*(?:https?:|ftp:|[\\/]{2})", source, re.IGNORECASE) is not None


def link(target: str) -> str | None:
    """Return `target` if it is absolute, of a scheme we allow, and says openly where it leads."""
    target = target.strip()
    if len(target) > _LINK_CHARACTERS or re.search(r"[\x00-\x20\x7f\\\"<>`]", target):
        return None
    try:
        parts = urlsplit(target)
        host = parts.hostname
    except ValueError:  # a broken IPv6 literal
        return None
    if parts.scheme == "mailto":
        one_line = re.search(r"%0[ad]", parts.path, re.IGNORECASE) is None
        headers = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        plain = one_line and "@" in parts.path and not parts.netloc and headers <= _MAILTO_HEADERS
        return target if plain else None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    return target
