"""Names of letter shapes in fonts, and the characters they stand for (Adobe Glyph List).

For fonts in PDF files. Promises the names that Latin text is made of, accented letters by their
parts, and the general forms `uni0041` and `u1F600`. Must never guess: a name that is not known has
no character.
"""

import re
import unicodedata

_NAMED = {
    "space": " ", "exclam": "!", "quotedbl": '"', "numbersign": "#", "dollar": "$", "percent": "%",
    "ampersand": "&", "quotesingle": "'", "quoteright": "\u2019", "parenleft": "(",
    "parenright": ")", "asterisk": "*", "plus": "+", "comma": ",", "hyphen": "-", "period": ".",
    "slash": "/", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "colon": ":", "semicolon": ";",
    "less": "<", "equal": "=", "greater": ">", "question": "?", "at": "@", "bracketleft": "[",
    "backslash": "\\", "bracketright": "]", "asciicircum": "^", "underscore": "_",
    "quoteleft": "\u2018", "grave": "`", "braceleft": "{", "bar": "|", "braceright": "}",
    "asciitilde": "~", "endash": "\u2013", "emdash": "\u2014", "bullet": "\u2022",
    "quotedblleft": "\u201c", "quotedblright": "\u201d", "ellipsis": "\u2026", "fi": "fi",
    "fl": "fl", "ff": "ff", "ffi": "ffi", "ffl": "ffl", "sterling": "\xa3", "Euro": "\u20ac",
    "section": "\xa7", "degree": "\xb0", "copyright": "\xa9", "registered": "\xae",
    "germandbls": "\xdf", "ae": "\xe6", "AE": "\xc6", "oe": "\u0153", "OE": "\u0152",
    "oslash": "\xf8", "Oslash": "\xd8", "eth": "\xf0", "Eth": "\xd0", "thorn": "\xfe",
    "Thorn": "\xde", "dotlessi": "\u0131", "minus": "\u2212", "nbspace": "\xa0",
    "nonbreakingspace": "\xa0", "sfthyphen": "\xad", "trademark": "\u2122", "cent": "\xa2",
    "yen": "\xa5", "paragraph": "\xb6", "periodcentered": "\xb7", "guillemotleft": "\xab",
    "guillemotright": "\xbb", "onehalf": "\xbd", "onequarter": "\xbc", "threequarters": "\xbe",
    "multiply": "\xd7", "divide": "\xf7", "plusminus": "\xb1", "dagger": "\u2020",
    "quotesinglbase": "\u201a", "quotedblbase": "\u201e", "lslash": "\u0142", "Lslash": "\u0141",
    "figuredash": "\u2012", "nbhyphen": "\u2011", "macron": "\xaf", "acute": "\xb4",
    "visiblespace": " ",
}  # fmt: skip
_ACCENTS = {
    "acute": "ACUTE", "grave": "GRAVE", "circumflex": "CIRCUMFLEX", "dieresis": "DIAERESIS",
    "tilde": "TILDE", "ring": "RING ABOVE", "cedilla": "CEDILLA", "caron": "CARON",
    "macron": "MACRON", "breve": "BREVE", "ogonek": "OGONEK", "dotaccent": "DOT ABOVE",
    "hungarumlaut": "DOUBLE ACUTE", "commaaccent": "CEDILLA",
}  # fmt: skip
_CODE = re.compile(r"(?:uni((?:[0-9A-F]{4})+)|u([0-9A-F]{4,6}))")
_LAST = 0x10FFFF


def character(name: str) -> str:
    """Return the character, or characters, of a glyph; "" if nobody knows."""
    base = name.partition(".")[0]
    if len(base) == 1:
        return base
    if base in _NAMED:
        return _NAMED[base]
    match = _CODE.fullmatch(base)
    if match:
        return _coded(match[1], match[2])
    accent = _ACCENTS.get(base[1:])
    if accent is None:
        return ""
    case = "CAPITAL" if base[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"LATIN {case} LETTER {base[0].upper()} WITH {accent}")
    except KeyError:
        return ""


def _coded(fours: str | None, single: str | None) -> str:
    if single is not None:
        return chr(int(single, 16)) if int(single, 16) <= _LAST else ""
    digits = fours or ""
    return "".join(chr(int(digits[at : at + 4], 16)) for at in range(0, len(digits), 4))
