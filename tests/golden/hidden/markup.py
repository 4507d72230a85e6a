"""HTML: everything that a mail program shows, and everything that a reader finds by looking."""

import base64
from collections.abc import Iterator

from tests.golden.hidden.writing import DIGITS, NUMBER, hidden, html, HTML

LABEL = "NHS number"


def tricks() -> Iterator[tuple[str, bytes]]:
    """Each trick with its name."""
    for make in (_entities, _between, _characters, _drawn, _attributes, _put_in, _elsewhere, _broken):
        for name, inner in make():
            yield html(name, inner)
    yield hidden("page without any tags", HTML, body=f"{LABEL} {NUMBER}\r\n".encode())


def _each(before: str, after: str = "", digits: str = DIGITS) -> str:
    return "".join(f"{before}{digit}{after}" for digit in digits)


def _entities() -> Iterator[tuple[str, str]]:
    yield "entities in decimal", LABEL + " " + "".join(f"&#{ord(d)};" for d in DIGITS)
    yield "entities in hexadecimal", LABEL + " " + "".join(f"&#x{ord(d):X};" for d in DIGITS)
    yield "entities without a semicolon", LABEL + " " + "".join(f"&#{ord(d)} " for d in DIGITS)
    yield "entities with noughts before", LABEL + " " + "".join(f"&#00000{ord(d)};" for d in DIGITS)
    yield "entities with a capital X", LABEL + " " + "".join(f"&#X{ord(d):x};" for d in DIGITS)
    yield "named spaces", f"{LABEL} 999&nbsp;725&thinsp;1466"
    yield "named letters", f"&#78;&#72;&#83; number 999&ensp;725&emsp;1466"


def _between() -> Iterator[tuple[str, str]]:
    yield "comments in the number", f"{LABEL} " + "<!-- x -->".join(DIGITS)
    yield "spans in the number", f"{LABEL} " + _each("<span>", "</span>")
    yield "bold digits", f"{LABEL} " + _each("<b>", "</b>")
    yield "font tags", f"{LABEL} " + _each('<font color="#000">', "</font>")
    yield "break opportunities", f"{LABEL} " + "<wbr>".join(DIGITS)
    yield "images without size", f"{LABEL} " + '<img width="0" height="0">'.join(DIGITS)
    yield "links round digits", f"{LABEL} " + _each('<a href="#">', "</a>")
    yield "unknown tags", f"{LABEL} " + _each("<x-y>", "</x-y>")
    yield "conditional comments", f"{LABEL} " + "<!--[if mso]><![endif]-->".join(DIGITS)
    yield "hidden words in the number", f"{LABEL} " + '<span style="display:none">not this</span>'.join(DIGITS)
    yield "words of size nought", f"{LABEL} " + '<span style="font-size:0">blah</span>'.join((NUMBER[:5], NUMBER[5:]))
    yield "table cells", "<table><tr>" + _each("<td>", "</td>") + f"</tr></table>"
    yield "a line break in the number", f"{LABEL} 999<br>725<br>1466"
    yield "blocks in a row", f"<div>{LABEL}</div>" + _each('<div style="display:inline">', "</div>")
    yield "list items in a row", f"<p>{LABEL}</p><ul>" + "".join(f"<li>{p}</li>" for p in NUMBER.split()) + "</ul>"
    yield "superscripts", f"{LABEL} " + _each("<sup>", "</sup>")
    yield "ruby", f"{LABEL} " + _each("<ruby>", "</ruby>")


def _characters() -> Iterator[tuple[str, str]]:
    yield "zero-width characters", f"{LABEL} " + "\u200b".join(DIGITS)
    yield "zero-width entities", f"{LABEL} " + "&#8203;".join(DIGITS)
    yield "zero-width joiner by name", f"{LABEL} " + "&zwj;".join(DIGITS)
    yield "soft hyphens", f"{LABEL} " + "&shy;".join(DIGITS)
    yield "full width", f"{LABEL} " + "".join(chr(ord(d) + 0xFEE0) for d in DIGITS)
    yield "mathematical digits", f"{LABEL} " + "".join(chr(ord(d) - 48 + 0x1D7CE) for d in DIGITS)
    yield "Cyrillic label", f"ΝНЅ number {NUMBER}"
    yield "Arabic digits", f"{LABEL} " + "".join(chr(ord(d) - 48 + 0x660) for d in DIGITS)
    yield "combining marks", f"{LABEL} " + "\u0336".join(DIGITS)


def _drawn() -> Iterator[tuple[str, str]]:
    back = NUMBER[::-1]
    yield "turned round by a character", f"{LABEL} \u202e{back}\u202c"
    yield "turned round by an element", f'{LABEL} <bdo dir="rtl">{back}</bdo>'
    yield "turned round by style", f'{LABEL} <span style="unicode-bidi:bidi-override;direction:rtl">{back}</span>'
    yield "drawn by style", f'<style>.n::after{{content:"{NUMBER}"}}</style>{LABEL} <span class="n"></span>'
    escaped = "".join(f"\\{ord(d):x} " for d in DIGITS)
    yield "drawn by style, escaped", f'<style>.n::before{{content:"{escaped}"}}</style>{LABEL} <i class="n"></i>'
    yield "text of a drawing", f"<svg><text>{LABEL} {NUMBER}</text></svg>"
    yield "formula", f"<math><mtext>{LABEL}</mtext><mn>{NUMBER}</mn></math>"


def _attributes() -> Iterator[tuple[str, str]]:
    for tag, attribute in (("img", "alt"), ("span", "title"), ("input", "value"), ("input", "placeholder"), ("div", "aria-label"), ("td", "abbr"), ("option", "label"), ("area", "alt")):
        yield f"attribute {attribute} of {tag}", f'<{tag} {attribute}="{LABEL} {NUMBER}">x</{tag}>'
    yield "attribute without quotes", f"<img alt={LABEL.replace(' ', '')}={DIGITS}>"
    yield "attribute with entities", '<img alt="NHS ' + "".join(f"&#{ord(d)};" for d in DIGITS) + '">'
    yield "address of a link", f'<a href="https://x.example/?nhs={DIGITS}">here</a>'
    yield "address of a link, encoded", '<a href="https://x.example/?nhs=' + "".join(f"%{ord(d):02x}" for d in DIGITS) + '">here</a>'
    yield "mail link with a text", f'<a href="mailto:a@x.example?body=NHS%20{NUMBER.replace(" ", "%20")}">write</a>'
    inner = base64.b64encode(f"<p>{LABEL} {NUMBER}</p>".encode()).decode()
    yield "page in a link", f'<a href="data:text/html;base64,{inner}">here</a>'
    yield "page in a frame", f'<iframe src="data:text/html;base64,{inner}"></iframe>'
    yield "text in a link", f'<a href="data:text/plain,NHS%20{DIGITS}">here</a>'
    yield "document of a frame", f'<iframe srcdoc="<p>{LABEL} {NUMBER}</p>"></iframe>'
    yield "object with data", f'<object data="data:text/plain;base64,{base64.b64encode(NUMBER.encode()).decode()}"></object>'


def _put_in() -> Iterator[tuple[str, str]]:
    shown = "<style>b::after{content:attr(data-n)}</style>"
    yield "attribute that a style shows", f'{shown}<p>{LABEL} <b data-n="{NUMBER}"></b></p>'
    yield "attributes that a style shows", f"{shown}<p>{LABEL} " + "".join(f'<b data-n="{piece} "></b>' for piece in NUMBER.split())
    yield "numbers of lists", f"<p>{LABEL}</p>" + "".join(f'<ol start="{piece}"><li></li></ol>' for piece in NUMBER.split())
    yield "numbers of items", f"<p>{LABEL}</p><ol>" + "".join(f"<li value={piece}></li>" for piece in NUMBER.split()) + "</ol>"
    yield "picture for another screen", f'<img alt="" srcset="https://x.example/nhs-{DIGITS}.png 2x">'
    yield "picture behind a text", f'<p style="background:url(https://x.example/nhs-{DIGITS}.png)">x</p>'
    yield "picture behind a text, in a sheet", f"<style>p{{background:url( https://x.example/nhs-{DIGITS}.png )}}</style><p>x</p>"
    inner = base64.b64encode(f"<p>{LABEL} {NUMBER}</p>".encode()).decode()
    yield "data in a sheet", f"<style>@import url(data:text/html;base64,{inner});</style><p>x</p>"
    yield "pieces of one content", f'<style>p::after{{content:"{LABEL} " "99" "97" "25" "1466"}}</style><p>x</p>'
    yield "escapes of one content", f"<style>p::after{{content:'{LABEL} " + "".join(f"\\{ord(d):06x}" for d in DIGITS) + "'}</style><p>x</p>"
    yield "data for machines", f'<script type="application/ld+json">{{"@type":"Person","nhs":"{DIGITS}"}}</script>'
    yield "data for machines, escaped", '<script type="application/ld+json">{"nhs":"' + "".join(f"\\u{ord(d):04x}" for d in DIGITS) + '"}</script>'


def _elsewhere() -> Iterator[tuple[str, str]]:
    for tag in ("title", "noscript", "textarea", "button", "details", "template", "noframes", "xmp", "plaintext", "legend", "caption", "marquee", "select"):
        yield f"inside {tag}", f"<{tag}>{LABEL} {NUMBER}</{tag}>"
    yield "inside a comment for Outlook", f"<!--[if mso]><p>{LABEL} {NUMBER}</p><![endif]-->"
    yield "inside a comment", f"<!-- {LABEL} {NUMBER} -->"
    yield "inside character data", f"<svg><![CDATA[{LABEL} {NUMBER}]]></svg>"
    yield "white on white", f'<p style="color:#fff;background:#fff">{LABEL} {NUMBER}</p>'
    yield "not displayed", f'<p style="display:none">{LABEL} {NUMBER}</p>'
    yield "after the end", f"</body></html>{LABEL} {NUMBER}"
    yield "behind a megabyte", "<p>nothing to see</p>" * 50_000 + f"<p>{LABEL} {NUMBER}</p>"


def _broken() -> Iterator[tuple[str, str]]:
    yield "tag without an end", f"<p {LABEL} <b>{LABEL} {NUMBER}"
    yield "tag in tag", f"<<p>{LABEL} <b<b>{NUMBER}</b>"
    yield "comment without an end", f"{LABEL} {NUMBER} <!-- and then"
    yield "comment with a short end", f"<!-->{LABEL} {NUMBER}<!-- -->"
    yield "comment with another end", f"<!-- x --!>{LABEL} {NUMBER}"
    yield "capital tags", f"<P><SPAN>{LABEL}</SPAN> <B>{NUMBER}</B></P>"
    yield "nested a thousand deep", "<div>" * 1000 + f"{LABEL} {NUMBER}" + "</div>" * 1000
    yield "style without an end", f"<style>p{{}}</style ><p>{LABEL} {NUMBER}</p>"
    yield "script with a comment", f"<script><!--</script><p>{LABEL} {NUMBER}</p>"
