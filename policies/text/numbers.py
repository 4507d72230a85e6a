"""Numbers in a text: groups of digits that may belong together, however they were written.

Promises to see `999 123 4567`, `9-9-9-1-2-3`, `O7700 9OOl23` and "nine nine nine one" alike, and to
say where each group stood. Must never join groups across a word, nor read a lone "one" as a digit.
"""

import re
from itertools import accumulate, chain, compress

import re2

from policies.text.run import Run

Token = tuple[int, int, bytes]  # a run of letters, in lower case, or of digits, and its span
Group = tuple[int, int, bytes]  # some digits and the span they came from

# Patterns that the standard engine may run: runs of classes that share nothing, so that there is
# next to nothing to go back to.
_WORDS = re.compile(rb"[a-z]+|[0-9]+")
_DIGITS = re.compile(rb"[0-9]+")

# Letters that stand in for digits, but only inside something that is largely digits already.
STAND_IN = r"[0-9OoQDIl|iSsBZz]"
_STAND_INS = STAND_IN.encode() + rb"+"
_LEET = bytes.maketrans(b"OoQDIl|iSsBZz", b"0000111155822")
_DIGITISH = re.compile(rb"\b" + _STAND_INS + rb"(?:[^0-9A-Za-z]{1,3}" + _STAND_INS + rb")*\b")
_STAND_IN_GROUP = re.compile(rb"\b" + _STAND_INS + rb"\b")
_FEWEST_DIGITISH = 8

_SPOKEN = {
    b"zero": b"0", b"nought": b"0", b"oh": b"0", b"o": b"0", b"nil": b"0", b"one": b"1",
    b"two": b"2", b"three": b"3", b"four": b"4", b"five": b"5", b"six": b"6", b"seven": b"7",
    b"eight": b"8", b"nine": b"9",
}  # fmt: skip
_TIMES = {b"double": 2, b"triple": 3, b"treble": 3}
_FEWEST_SPOKEN = 4  # spoken digits in a run, below which they are words
_FEWEST_MIXED = 7  # of spoken and written digits together
_SHORTEST = 6  # digits in a run that anybody looks at
_WIDEST_GAP = 5  # characters that may stand between two groups of one number
_ALOUD = b"|".join([*_SPOKEN, *_TIMES]).decode("ascii")
# Digits spoken as words, with written ones among them perhaps.
SPOKEN = rf"(?i:\b(?:{_ALOUD})(?:[^0-9A-Za-z]{{1,5}}(?:{_ALOUD}|[0-9]{{1,8}})){{2,}}\b)"
_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_SAID = re2.compile(SPOKEN.encode(), _OPTIONS)
_RUN = re2.compile(
    rf"[0-9](?:[^0-9A-Za-z|]{{0,{_WIDEST_GAP}}}[0-9]){{{_SHORTEST - 1},}}".encode(), _OPTIONS
)


def _digitish_of_both() -> bytes:
    """Spell eight digits or letters that stand for them, some of each, and all around."""
    any_of = "[^0-9A-Za-z]|" + STAND_IN
    gap, most = "[^0-9A-Za-z]{0,3}", _FEWEST_DIGITISH - 1
    letter = STAND_IN.replace("0-9", "")
    both = (
        f"(?:{one}{gap}){{{several}}}{other}(?:{gap}{STAND_IN}){{{most - several}}}"
        for one, other in (("[0-9]", letter), (letter, "[0-9]"))
        for several in range(1, most + 1)
    )
    return f"(?:{any_of})*(?:{'|'.join(both)})(?:{any_of})*".encode()


_MAY_BE_DIGITISH = re2.compile(_digitish_of_both(), _OPTIONS)

_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_NOT_ALPHANUMERIC = bytes(
    byte for byte in range(256) if not re2.match(rb"[0-9A-Za-z|]", bytes([byte]))
)
_TO_SPACES = bytes(32 if byte in _NOT_ALPHANUMERIC else byte for byte in range(256))
_DIGITS_ONLY = bytes(byte if byte in b"0123456789" else 32 for byte in range(256))
_WHERE_DIGITS = bytes(byte in b"0123456789" for byte in range(256))


def tokens_of(text: bytes) -> tuple[Token, ...]:
    """Cut a text into its words and numbers, in order."""
    return tuple((*one.span(), one.group()) for one in _WORDS.finditer(text.lower()))


def figures_in(text: bytes) -> int:
    """Count the ASCII digits."""
    return len(text.translate(None, _NOT_DIGITS))


def alphanumeric(text: bytes) -> bytes:
    """Leave out everything but ASCII letters and digits, and the bar that passes for one."""
    return text.translate(None, _NOT_ALPHANUMERIC)


def pieces(text: bytes) -> list[bytes]:
    """Cut at everything that `alphanumeric` leaves out."""
    return text.translate(_TO_SPACES).split()


def with_digits_for_letters(text: bytes) -> bytes:
    """Make digits of letters that stand for them, in long digit-like runs only; same length."""
    out = None
    for place in _MAY_BE_DIGITISH.finditer(text):
        out = out or bytearray(text)
        _make_digits(out, text, *place.span())
    return text if out is None else bytes(out)


def _make_digits(out: bytearray, text: bytes, first: int, last: int) -> None:
    """Do so in a stretch that nothing but digits, letters that stand for them and gaps make."""
    for match in _DIGITISH.finditer(text, first, last + 1):
        start, end = match.span()
        if end - start >= _FEWEST_DIGITISH:
            stretch = match.group()
            figures = figures_in(stretch)
            letters = len(alphanumeric(stretch)) - figures
            if letters and figures + letters >= _FEWEST_DIGITISH and 2 * figures >= letters:
                _put_digits(out, text, start, end)


def _put_digits(out: bytearray, text: bytes, start: int, end: int) -> None:
    """Translate each group that holds a digit, or nothing but noughts and ones.

    Other letters alone, as in `B 12 34 56`, only where every character stands alone.
    """
    one_by_one = max(map(len, pieces(text[start:end]))) == 1
    if one_by_one:
        out[start:end] = text[start:end].translate(_LEET)
        return
    for match in _STAND_IN_GROUP.finditer(text, start, end):
        group = match.group()
        if figures_in(group) or not group.strip(b"OoIl|"):
            out[match.start() : match.end()] = group.translate(_LEET)


def runs_of(digits: bytes, text: bytes) -> tuple[Run, ...]:
    """Find the numbers of six digits and more, as digits and, in `text`, as words."""
    spoken = _spoken(text)
    if spoken:
        return _runs_with(spoken, digits)
    return tuple(_plain(match.start(), match.group()) for match in _RUN.finditer(digits))


def _plain(start: int, run: bytes) -> Run:
    groups = run.translate(_DIGITS_ONLY).split()
    starts = tuple(compress(range(start, start + len(run)), run.translate(_WHERE_DIGITS)))
    heads = tuple(accumulate(map(len, groups), initial=0))
    return Run(b"".join(groups).decode("ascii"), starts, heads)


def _runs_with(spoken: list[Group], digits: bytes) -> tuple[Run, ...]:
    written = [(*match.span(), match.group()) for match in _DIGITS.finditer(digits)]
    rows: list[list[Group]] = []
    for group in sorted({*written, *spoken}):
        if rows and _close(digits, rows[-1][-1][1], group[0]):
            rows[-1].append(group)
        else:
            rows.append([group])
    return tuple(_of_groups(row) for row in rows if sum(len(one[2]) for one in row) >= _SHORTEST)


def _of_groups(groups: list[Group]) -> Run:
    return Run(
        b"".join(group[2] for group in groups).decode("ascii"),
        tuple(chain.from_iterable([start] * len(figures) for start, _, figures in groups)),
        tuple(accumulate((len(figures) for _, _, figures in groups), initial=0)),
        tuple(chain.from_iterable([end] * len(figures) for _, end, figures in groups)),
    )


def _close(text: bytes, end: int, start: int) -> bool:
    gap = text[end:start]
    return len(gap) <= _WIDEST_GAP and not gap.translate(_TO_SPACES).strip()


def _spoken(text: bytes) -> list[Group]:
    """Find digits spoken as words, where enough of them follow one another."""
    found: list[Group] = []
    for match in _SAID.finditer(text):
        row: list[Group] = []
        times, began = 1, 0
        for start, end, word in tokens_of(match.group()):
            if word in _TIMES:
                times, began = _TIMES[word], start
                continue
            if word in _SPOKEN:
                row.append((began if times > 1 else start, end, _SPOKEN[word] * times))
            times = 1
        said = sum(len(one[2]) for one in row)
        if said >= _FEWEST_SPOKEN or said + figures_in(match.group()) >= _FEWEST_MIXED:
            shift = match.start()
            found += [(start + shift, end + shift, figures) for start, end, figures in row]
    return found
