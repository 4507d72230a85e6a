"""How fast texts are searched for identifiers, and for names too: `python -m bench.scanning`.

CPU time of this process on one core. Texts are made up here: prose; ordinary mail (letters with a
signature, quoted headers and now and then something personal); letters full of numbers and names
that are nobody's (decoys); a spreadsheet of pupils, prose in other scripts, and texts that somebody
wrote to make the search slow.
"""

import random
import statistics
import time
from collections.abc import Callable

from bench.detection.second_set import second_set
from policies.detectors import DETECTORS, Detector
from policies.detectors.groups import members
from policies.detectors.scan import scan
from policies.text.view import normalise

ROUNDS = 3
EVERYTHING = tuple(DETECTORS.values())
IDENTIFIERS = tuple(DETECTORS[name] for name in members("identifiers", DETECTORS))
SENTENCES = """
Thank you for your message about the resurfacing of the car park.
I have spoken to colleagues in the highways team and they expect to start after the summer.
Please let me know if you are able to attend, and whether you need a parking space.
The committee considered the report and agreed the recommendations without a vote.
We have asked three firms for a quotation and will compare them at the next meeting.
As discussed on the telephone, the new form replaces the one on the intranet.
The hall will be closed while the heating is repaired, so the class moves upstairs.
Could you send me the minutes of the last meeting when you have a moment?
All invoices must quote a purchase order number, or they will be returned unpaid.
The school is looking for two governors with experience of finance or property.
There were some questions about the budget, which I have answered in the attached note.
It is important that everyone reads the guidance before the system goes live.
The training lasts about half a day and lunch is provided for those who stay.
Our website explains how to make an application and what happens after that.
""".split("\n")[1:-1]
NUMBERED = (
    "The meeting on 14 October starts at 10:30 in room B12 and should end by 12:00.",
    "The total for 2026/27 is £1,284,500, which is 3.2% more than in the year before.",
    "Invoice 70500554 of 03/09/2026 for £3,288.00 has been paid.",
    "See sections 4.2 and 7.1 of the policy (version 2.10, page 16).",
)
SIGNATURE = (
    "Kind regards,\nSam Carter\nBusiness Support Officer\n"
    "Example Council, Civic Centre, High Street, Lincoln LN1 1YQ\nTel: 01522 496 123\n\n"
)
QUOTED = (
    "From: Sam Carter <sam.carter@council.example>\nSent: 12 October 2026 16:04\n"
    "To: Office <office@school.example>\nSubject: RE: Autumn term\n\n"
)
PERSONAL = (
    "NHS number 999 725 1466",
    "DOB 12/06/2017",
    "NI AB 12 34 56 C",
    "12 Mill Lane, LN1 1YQ",
)


def ordinary(length: int) -> str:
    """Make mail text: one letter in four has a value, each a signature, every other a quotation."""
    chance = random.Random(1)
    letters: list[str] = []
    size = 0
    while size < length:
        lines = chance.choices(SENTENCES, k=chance.randrange(10, 30))
        lines += chance.choices(NUMBERED, k=2)
        lines += [f"This is about {chance.choice(PERSONAL)}."] if chance.random() < 1 / 4 else []
        chance.shuffle(lines)
        letter = "Dear colleague,\n\n" + " ".join(lines) + "\n\n" + SIGNATURE
        letters.append(letter + (QUOTED if chance.random() < 1 / 2 else ""))
        size += len(letters[-1])
    return "".join(letters)[:length]


def decoys(length: int) -> str:
    """Join the letters of the second set that hold nothing personal."""
    letters = "".join(one.text for one in second_set().bodies if not one.personal)
    return (letters * (length // len(letters) + 1))[:length]


def pupils(length: int) -> str:
    """Make a table with a column of names, births, postcodes and pupil numbers."""
    row = '"Reed, Zoe",{:02}.12.2013,LN1 1YQ,T007056148970\n'
    rows = "".join(row.format(1 + number % 28) for number in range(length // 45))
    return "Full name,DOB,Postcode,UPN\n" + rows


TEXTS: dict[str, Callable[[], str]] = {
    "prose": lambda: " ".join(SENTENCES * 400),
    "ordinary mail": lambda: ordinary(1_000_000),
    "letters full of decoys": lambda: decoys(500_000),
    "ordinary mail, typographic": lambda: ordinary(1_000_000).replace(" is ", " – “is” ’"),
    "mail in Greek letters": lambda: ordinary(1_000_000).translate(
        {ord("a") + number: 0x3B1 + number % 25 for number in range(26)}
    ),
    "a table of pupils": lambda: pupils(500_000),
    "numbers": lambda: "9997251466 " * 20_000,
    "figures": lambda: "1 21 " * 40_000,
    "one letter": lambda: "a" * 500_000,
    "at signs": lambda: "a@" * 100_000,
    "nothing to see": lambda: "\u200b" * 500_000,
}


def main() -> None:
    """Print one line for each kind of text."""
    scan(ordinary(300_000), EVERYTHING)
    print(f"{'':<36}{'identifiers':>20}{'with names':>20}   MB/s;")
    print(
        f"{'text':<28}{'size':>8}{'median':>10}{'worst':>10}{'median':>10}{'worst':>10}   findings"
    )
    for name, make in TEXTS.items():
        text = make()
        size = len(text.encode()) / 1e6
        cells = "".join(_speeds(text, size, detectors) for detectors in (IDENTIFIERS, EVERYTHING))
        print(f"{name:<28}{size:>7.1f}M{cells}{len(scan(text, IDENTIFIERS)):>11}")
    text = ordinary(1_000_000)
    began = time.process_time()
    view = normalise(text, len(text))
    print(f"normalising alone: {1 / (time.process_time() - began):.0f} MB/s of {len(view.normal)}")


def _speeds(text: str, size: float, detectors: tuple[Detector, ...]) -> str:
    speeds = sorted(size / seconds(text, detectors) for _ in range(ROUNDS))
    return f"{statistics.median(speeds):>10.2f}{speeds[0]:>10.2f}"


def seconds(text: str, detectors: tuple[Detector, ...]) -> float:
    """Give the CPU time of one search."""
    began = time.process_time()
    scan(text, detectors)
    return time.process_time() - began


if __name__ == "__main__":
    main()
