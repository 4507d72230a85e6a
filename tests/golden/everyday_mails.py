"""Everyday mails of councils, schools, surgeries and charities, the same bytes every time.

`everyday_mails()` yields the name, the sector and the bytes of each: newsletters, agendas, invoices,
automatic replies, rotas, threads. They speak of illness, money and employment as such mail does, and
of nobody's: no policy has cause to seal one. The letters are data (`everyday/*.txt`); each is written
by two of the hands in `everyday/hands.py`.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.golden.everyday.hands import HANDS, Letter

SECTORS = ("council", "school", "surgery", "charity")
_FOLDER = Path(__file__).parent / "everyday"
_NOTICES = {"council": "council", "school": "confidential", "surgery": "health", "charity": "charity"}


def everyday_mails(added: str = "") -> Iterator[tuple[str, str, bytes]]:
    """Every mail with a name and the sector it comes from; `added` is a paragraph more in each."""
    number = 0
    for sector in SECTORS:
        signatures, before = _of(sector, "signatures.txt"), _of(sector, "before.txt")
        notices = _of(_NOTICES[sector], "notices.txt") + _of("confidential", "notices.txt") + _of("scan", "notices.txt")
        for at, (subject, text) in enumerate(_sections(f"{sector}.txt")):
            for turn in range(2):
                number += 1
                letter = Letter(
                    number,
                    sector,
                    subject,
                    f"{text}\n\n{added}" if added else text,
                    signatures[(at + turn) % len(signatures)],
                    notices[(at + turn) % len(notices)] if (at + turn) % 3 else "",
                    before[at % len(before)],
                )
                hand = HANDS[(2 * at + at // len(HANDS) + 3 * turn) % len(HANDS)]
                yield f"{sector}-{at + 1:02}-{hand.__name__}", sector, hand(letter)


def _of(name: str, file: str) -> list[str]:
    return [text for title, text in _sections(file) if title == name]


def _sections(file: str) -> list[tuple[str, str]]:
    """The pieces of a file: each begins with a line `== title`."""
    pieces = (_FOLDER / file).read_text(encoding="utf-8").split("== ")[1:]
    return [(title, text.strip("\n")) for title, _, text in (piece.partition("\n") for piece in pieces)]
