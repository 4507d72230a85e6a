"""Bytes that are text become texts: every character set, joined lines, and what hides inside.

For bodies and for attached files that people read in an editor. Promises each reading that some
program shows. Must never guess a character set where one that is known was declared and fits.
"""

import codecs
import re
from collections.abc import Iterator

from policies.extraction import bars, dumps, kinds, markup, transfer
from policies.extraction.budgets import Locked
from policies.extraction.desk import Desk
from policies.text import charsets

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINHEX = re.compile(  # of old Macintoshes; some mail servers unpack it
    rb"\(This file must be converted with BinHex[^\r\n]{0,40}[\r\n]{1,9}[ \t]{0,9}:[!-r]{20}"
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_ICAL_ESCAPE = re.compile(r"\\([,;nN\\])")
_SIGNATURE = "-- "
_IN_BASE64 = re.compile(rb"(?i);(?:ENCODING=)?(?:B|BASE64)(?:;[^:\r\n]*)?:([A-Za-z0-9+/=]{4,})")
_PGP = "-----BEGIN PGP MESSAGE-----"


def readings(raw: bytes, charset: str = "") -> list[str]:
    """List every text these bytes may be; at least one. Declared sets as in `charsets`."""
    found: list[str] = []
    for mark, codec in _MARKS:
        if raw.startswith(mark):
            found.append(raw.decode(codec, "replace"))
            break
    wide = kinds.wide_without_mark(raw) if b"\0" in raw[:4096] else ""
    if wide:
        found.append(raw.decode(wide, "replace"))
    if not found or charset:
        found += charsets.readings(raw, charset)
    return list(dict.fromkeys(found))


def read_text(raw: bytes, desk: Desk) -> None:
    """Keep what a text file says, and what is encoded inside it."""
    for text in readings(raw, desk.file.charset):
        say(text, desk)
    read_embedded(raw, desk)


def say(text: str, desk: Desk) -> None:
    """Keep a text, and the same with its escapes undone, and its bars, where it has any."""
    desk.say(text)
    desk.say(bars.unbarred(text))
    if "\\u" in text or "\\x" in text:
        desk.say(_ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), text))


def read_embedded(raw: bytes, desk: Desk) -> None:
    """Read files that stand in a text as letters: uuencode, yEnc, hexadecimal, bare base64.

    Raises Locked for a text that PGP encrypted.
    """
    if b"begin" in raw:
        for name, data in (*transfer.uuencoded(raw), *dumps.yencoded(raw)):
            desk.inner(data, (name,))
    if b"BinHex" in raw and (found := _BINHEX.search(raw)):
        desk.inner(raw[found.start() :])
    if b":: " in raw:
        desk.say(transfer.directory_values(raw))
    for data in dumps.hexadecimal(raw):
        for text in readings(data):
            desk.say(text)
    read_runs(raw, desk)
    if _PGP.encode() in raw:
        raise Locked("text that PGP encrypted")


def read_runs(raw: bytes, desk: Desk, letters_before: int = 0) -> None:
    """Read what long stretches of base64 stand for (`letters_before` as in `transfer.runs`)."""
    for data in transfer.runs(raw, letters_before):
        _read_run(data, desk)


def _read_run(data: bytes, desk: Desk) -> None:
    """Read what base64 inside a text stood for, if it is anything: a token or a key is not."""
    if kinds.looks_like_text(data):
        desk.say(readings(data)[0])
    elif kinds.kinds_of(data)[0] in {"zip", "ole", "pdf", "rtf", "gzip", "tnef", "7z", "rar"}:
        desk.inner(data)


def read_calendar(raw: bytes, desk: Desk) -> None:
    """Keep what an iCalendar or vCard file says, folded lines joined (RFC 5545, 3.1)."""
    for text in readings(raw, desk.file.charset):
        joined = re.sub(r"\r?\n[ \t]", "", text)
        written = _ICAL_ESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1], joined)
        desk.say(written)
        if "</" in written:  # X-ALT-DESC: Outlook writes the whole invitation once more, in HTML
            for shown in markup.read_page(written, desk.meter.tick).texts():
                desk.say(shown)
    if b"QUOTED-PRINTABLE" in raw.upper():
        desk.say(readings(transfer.quoted_printable(raw))[0])
    whole = re.sub(rb"\r?\n[ \t]", b"", raw)
    for value in _IN_BASE64.findall(whole):
        desk.inner(transfer.decodings(value, "base64")[0])
    read_embedded(whole, desk)


def flowed(text: str, *, delsp: bool) -> str:
    """Join the lines of flowed text (RFC 3676, 4): those that end in a space go on."""
    return "\n".join(_flowed(text.replace("\r\n", "\n").split("\n"), delsp=delsp))


def _flowed(lines: list[str], *, delsp: bool) -> Iterator[str]:
    held: list[str] = []
    for line in lines:
        text = line.lstrip(">").removeprefix(" ")
        if text.endswith(" ") and text != _SIGNATURE:
            held.append(text[:-1] if delsp else text)
        else:
            yield "".join([*held, text])
            held = []
    if held:
        yield "".join(held)
