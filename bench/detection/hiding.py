"""What hides is found, what is ordinary is left alone: `python -m bench.detection.hiding`.

Decides every hidden mail and every ordinary one by a policy that seals what would do much harm,
wherever it stands: addresses and telephone numbers under a letter are no cause by themselves.
Prints how many hidden mails would leave in the clear (none may), how many of them were sealed
because the number was found and how many because the mail cannot be read, how many ordinary mails
were sealed without cause (fewer than one in two hundred may), and how many the relay would change
(none may). Everyday mails are decided by each of the starters. `--list` names them.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.relay.content import DotStuffer, UnsafeContentError
from policies.decision import Decision, Outcome
from policies.engine import Policy
from policies.envelope import Envelope
from policies.extraction.mail import extract
from policies.language.loader import STARTER, load, load_text
from policies.message.mime import outline
from tests.golden.awkward import awkward_mails
from tests.golden.everyday_mails import everyday_mails
from tests.golden.hidden_mails import hidden_mails
from tests.golden.ordinary_mails import ordinary_mails
from vault.address import Address

POLICY = """
version: 1
rules:
  - name: seal-personal-data
    when:
      direction: external
      anywhere:
        finds: any
        severity: high
        confidence: likely
    then: seal
"""
FOUND, UNREADABLE, CLEAR, REFUSED = "found", "unreadable", "clear", "refused"
_ENVELOPE = Envelope(
    sender=Address.parse("ceri.vaughan@council.example"),
    recipients=(Address.parse("sam@partner.example"),),
    own_domains=("council.example",),
    authenticated=True,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mail. `end`: found, unreadable, refused or clear; `why`: for people."""

    kind: str
    name: str
    end: str
    why: str
    changed: bool


def decide(policy: Policy, mail: bytes) -> Decision:
    """Decide a mail with everything in it read."""
    found = outline([mail])
    return policy.decide(_ENVELOPE, found, extract(found, [mail]))[0]


def judge(policy: Policy, mails: Iterable[tuple[str, str, bytes]]) -> Iterator[Verdict]:
    """Decide mails of a kind and a name, one after the other."""
    for kind, name, mail in mails:
        decision = decide(policy, mail)
        why = "; ".join(reason.text for reason in decision.because)
        yield Verdict(kind, name, end_of(decision), why, changed=changes(decision, mail))


def end_of(decision: Decision) -> str:
    """Say how a decision protects a mail."""
    if decision.outcome is Outcome.RELAY:
        return CLEAR
    if any(reason.line for reason in decision.because):
        return FOUND
    return UNREADABLE if decision.because else REFUSED


def changes(decision: Decision, mail: bytes) -> bool:
    """Say whether a mail that is relayed would arrive with other bytes than it was sent with."""
    if decision.outcome is not Outcome.RELAY:
        return False
    stuffer = DotStuffer()
    try:
        wire = stuffer.feed(mail) + stuffer.finish()
    except UnsafeContentError:
        return False  # refused by the relay, and so not relayed at all
    arrived = (b"\r\n" + wire).removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")[2:]
    return arrived.removesuffix(b"\r\n") != mail.removesuffix(b"\r\n")


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection.hiding", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name what went wrong")
    wanted = parser.parse_args()
    policy = load_text(POLICY)
    _print_hidden(list(judge(policy, hidden_mails())), names=wanted.list)
    ordinary = [("ordinary", name, mail) for name, mail in ordinary_mails()]
    awkward = [("awkward", name, mail) for name, mail in awkward_mails()]
    for mails in (ordinary, awkward):
        _print_ordinary(list(judge(policy, mails)), names=wanted.list)
    for starter in ("council", "school", "health", "charity"):
        everyday = [
            (f"everyday, {starter}.yaml:", name, mail) for name, _, mail in everyday_mails()
        ]
        own = load(STARTER / f"{starter}.yaml")
        _print_ordinary(list(judge(own, everyday)), names=wanted.list)


def _print_hidden(verdicts: list[Verdict], *, names: bool) -> None:
    print(f"{'hidden mails':<20}{'all':>6}{FOUND:>8}{UNREADABLE:>12}{'in the clear':>14}")
    for kind in dict.fromkeys(verdict.kind for verdict in verdicts):
        _print_row(kind, [one for one in verdicts if one.kind == kind])
    _print_row("together", verdicts)
    if names:
        _print_names(one for one in verdicts if one.end == CLEAR)


def _print_row(name: str, verdicts: list[Verdict]) -> None:
    ends = Counter(verdict.end for verdict in verdicts)
    unread = ends[UNREADABLE] + ends[REFUSED]
    print(f"{name:<20}{len(verdicts):>6}{ends[FOUND]:>8}{unread:>12}{ends[CLEAR]:>14}")


def _print_ordinary(verdicts: list[Verdict], *, names: bool) -> None:
    sealed = [one for one in verdicts if one.end != CLEAR]
    changed = [one for one in verdicts if one.changed]
    share = len(sealed) / len(verdicts)
    print(
        f"{verdicts[0].kind} mails: {len(verdicts)}, sealed {len(sealed)} ({share:.1%}), "
        f"changed {len(changed)}"
    )
    if names:
        _print_names(sealed + changed)


def _print_names(verdicts: Iterable[Verdict]) -> None:
    for one in verdicts:
        print(f"    {one.kind}: {one.name}  {one.why}")


if __name__ == "__main__":
    main()
