"""How long the council's policy takes to decide: `python -m bench.deciding`.

CPU time of this process, in microseconds a mail; median and worst of the rounds.
"""

import statistics
import time

from policies.engine import Policy
from policies.envelope import Envelope
from policies.language.loader import STARTER, load
from policies.message.mime import Outline, outline
from vault.address import Address

ROUNDS, MAILS = 20, 50
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


def measure(policy: Policy, mail: Outline) -> float:
    """Give the mean CPU time of one decision, in microseconds."""
    began = time.process_time()
    for _ in range(MAILS):
        policy.decide(ENVELOPE, mail)
    return (time.process_time() - began) / MAILS * 1e6


if __name__ == "__main__":
    main()
