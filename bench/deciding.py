"""How long the council's policy takes to decide: `python -m bench.deciding`.

CPU time of this process, in microseconds a mail; median and worst of the rounds. Then the detectors
of identifiers alone, all of them together, on subjects: those of the tests, and 4 kB of malice.
"""

import statistics
import time
from pathlib import Path

from policies.detectors import DETECTORS
from policies.detectors.groups import members
from policies.detectors.search import search
from policies.engine import Policy
from policies.envelope import Envelope
from policies.language.loader import STARTER, load
from policies.message.mime import Outline, outline
from policies.text.view import normalise
from vault.address import Address

ROUNDS, MAILS, TRIES, SHOWN = 20, 50, 5, 12
GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "subjects"
IDENTIFIERS = tuple(DETECTORS[name] for name in members("identifiers", DETECTORS))
MALICE = (
    "1 21 ", "1234567890", "999 725 1466 ", "NHS 999 725 1466 ", "1 ", "4 4 4 4 ", "a", "a@",
    "LN1 1YQ ", "dob 1/1/", "O0", "nine ", "+1 ", "9\u0336", "(at) . ", "A B 1 2 3 4 5 6 ", "nhs ",
    "GB12 ", "12 Mill ", "\u200b1", "car A1 BCD ", "case CH-12 ", "0", "0 ", "01/02/2003 ", "1-",
    "passport 1234 ", "12 a b c ", "NHS no 12 dob passport utr uln ", "01522 ", "é1",
)  # fmt: skip
SUBJECTS = {
    "ordinary": b"Agenda for the Planning Committee on Tuesday",
    "with an NHS number": b"Referral for NHS number 999 012 3408",
    "encoded words": b"=?utf-8?q?Referral_for_NHS_number_999=20012=203408?=",
    "4 kB of digits": b"1 21 " * 800,
    "4 kB of one letter": b"a" * 4000,
}
ENVELOPE = Envelope(
    sender=Address.parse("sam@council.example"),
    recipients=(Address.parse("pat@partner.example"),),
    own_domains=("council.example",),
    authenticated=True,
)


def main() -> None:
    """Print one line for each kind of subject."""
    policy = load(STARTER / "council.yaml")
    print(f"{'subject':<22}{'median':>10}{'worst':>10}   microseconds of CPU a mail")
    for name, subject in SUBJECTS.items():
        header = b"From: sam@council.example\r\nSubject: " + subject + b"\r\n\r\nHello.\r\n"
        rounds = [measure(policy, outline([header])) for _ in range(ROUNDS)]
        print(f"{name:<22}{statistics.median(rounds):>10.0f}{max(rounds):>10.0f}")
    print("\nall detectors of identifiers      microseconds of CPU a subject")
    for name in ("identifiers.txt", "ordinary.txt"):
        lines = [
            line.rpartition("|")[2] for line in (GOLDEN / name).read_text("utf-8").splitlines()
        ]
        times = [searching(line.strip()) for line in lines if line and line[0] != "#"]
        median, high = statistics.median(times), sorted(times)[int(0.99 * len(times))]
        print(f"{name:<22}{median:>10.0f}{high:>10.0f}   (median, 99th of 100)")
    slowest = sorted(((searching((piece * 4096)[:4096]), piece) for piece in MALICE), reverse=True)
    for time_taken, piece in slowest[:SHOWN]:
        print(f"4 kB of {piece!r:<24}{time_taken:>10.0f}")


def searching(subject: str) -> float:
    """Give the least CPU time of a few searches of one subject, in microseconds."""
    best = float("inf")
    for _ in range(TRIES):
        began = time.process_time()
        view = normalise(subject)
        list(search(view, IDENTIFIERS))
        best = min(best, time.process_time() - began)
    return best * 1e6


def measure(policy: Policy, mail: Outline) -> float:
    """Give the mean CPU time of one decision, in microseconds."""
    began = time.process_time()
    for _ in range(MAILS):
        policy.decide(ENVELOPE, mail)
    return (time.process_time() - began) / MAILS * 1e6


if __name__ == "__main__":
    main()
