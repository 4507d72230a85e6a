"""The hostile HTML of tests/golden/xss, and what a cleaned document may consist of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from webreader.content import styles
from webreader.content.sanitise import ATTRIBUTES, CLASSES, TAGS

FOLDER = Path(__file__).parents[1] / "golden" / "xss"
LINK = re.compile(
    r"(?:https?://[^/\s\"'<>@\\]+(?:/[^\s\"'<>]*)?(?:\?[^\s\"'<>]*)?|mailto:[^\s\"'<>]+@[^\s\"'<>]+)",
    re.IGNORECASE,
)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
REL = "noopener noreferrer nofollow ugc"


@dataclass(frozen=True)
class Payload:
    name: str
    html: str


def payloads() -> list[Payload]:
    """Every payload of every family."""
    found = []
    for path in sorted(FOLDER.glob("*.txt")):
        for block in ("\n" + path.read_text("utf-8")).split("\n%%")[1:]:
            name, _, html = block.partition("\n")
            found.append(Payload(f"{path.stem}: {name.strip()}", _filled(html)))
    return found


def _filled(html: str) -> str:
    html = html.replace("{{deep}}", "<div>" * 400).replace("{{many}}", "color:red;" * 900)
    return re.sub(r"\{\{x([0-9a-f]{2,5})\}\}", lambda match: chr(int(match[1], 16)), html)


class Oracle(HTMLParser):
    """Reads cleaned HTML with a parser of another make and notes whatever is not on the list."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if not attribute_is_fine(tag, name, value or ""):
                self.wrong.append(f"<{tag} {name}={value!r}>")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"declaration {decl!r}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"instruction {data!r}")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(f"declaration {data!r}")


def attribute_is_fine(tag: str, name: str, value: str) -> bool:  # noqa: PLR0911 - a list of rules
    """Tell whether an attribute of cleaned HTML is as it must be; written apart from the rules."""
    if name == "style":
        return all(
            declaration.partition(":")[0] in styles.PROPERTIES
            and not re.search(r"[\\@{}<>!]|/\*|-\d|\b(?!rgba?\(|hsla?\()[a-z-]+\(", declaration)
            for declaration in value.split(";")
        )
    if name == "href":
        return tag == "a" and LINK.fullmatch(value) is not None
    if name == "src":
        return tag == "img" and PICTURE.fullmatch(value) is not None
    if name in {"rel", "target"}:
        return tag == "a" and value == {"rel": REL, "target": "_blank"}[name]
    if name == "class":
        return tag in {"p", "li", "div"} and set(value.split()) <= CLASSES
    if name == "role":
        return tag == "table" and value in {"presentation", "none"}
    if name in {"title", "alt"}:
        return True
    allowed = name in ATTRIBUTES["*"] or name in ATTRIBUTES.get(tag, ())
    return allowed and re.fullmatch(r"[\w #%.,()+-]*", value) is not None


def complaints(html: str) -> list[str]:
    """What is in `html` and not on the list."""
    oracle = Oracle()
    oracle.feed(html)
    oracle.close()
    return oracle.wrong
