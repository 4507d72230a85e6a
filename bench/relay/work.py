"""The kinds of mail that are sent, and how: sizes, sessions, and whether connections are kept.

The mails are ordinary ones: prose of a council, in which the policy finds nothing to seal, or the
same with a marked subject. `smtp-source`'s own filler, rows of one letter, would be taken for an
encoded attachment. Sealed mails go to a recipient of their own each: the same mail to the same
people twice is one package.
"""

import base64
import random
from dataclasses import dataclass
from pathlib import Path

SENDER, RECIPIENT = "sam.taylor@council.example", "pat.okonkwo@partner.example"
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One row of the table. `size` is the content in bytes, `count` the mails of a whole run."""

    name: str
    size: int
    count: int
    sessions: int
    keeps: bool = True  # connections are used for many mails
    sealed: bool = False
    attached: bool = False  # a base64 attachment, read from a file, instead of filler

    @property
    def megabytes(self) -> bool:
        """Whether it is told in MB a second rather than mails."""
        return self.size >= MIB

    def arguments(self, folder: Path, count: int, number: int) -> list[str]:
        """Give the arguments of `smtp-source`, but for the server, for the run of this number."""
        words = ["-4", "-s", str(self.sessions), "-m", str(count)]
        words += ["-f", SENDER, "-M", "mail.council.example"]
        words += ["-N", "-t", f"round{number}.{RECIPIENT}"] if self.sealed else ["-t", RECIPIENT]
        words += ["-d"] if self.keeps else []
        return [*words, "-F", str(self._file(folder))]

    def _file(self, folder: Path) -> Path:
        """Write the mail, once."""
        path = folder / f"mail-{self.size}-{self.sealed}"
        if not path.exists():
            subject = "[secure] Minutes" if self.sealed else "Minutes of Tuesday"
            head = HEAD.format(sender=SENDER, recipient=RECIPIENT, subject=subject)
            mail = _attached(head, self.size) if self.attached else _prose(head, self.size)
            path.write_bytes(mail)
        return path


WORKS = (
    Work(name="clear 4 KB, 10 sessions", size=4096, count=3000, sessions=10),
    Work(name="clear 4 KB, 50 sessions", size=4096, count=3000, sessions=50),
    Work(name="clear 4 KB, 10 new connections", size=4096, count=1500, sessions=10, keeps=False),
    Work(name="clear 4 KB, 50 new connections", size=4096, count=1500, sessions=50, keeps=False),
    Work(name="clear 5 MB with attachment", size=5 * MIB, count=40, sessions=5, attached=True),
    Work(name="sealed 4 KB, 10 sessions", size=4096, count=1500, sessions=10, sealed=True),
    Work(name="sealed 25 MB", size=25 * MIB, count=10, sessions=5, sealed=True, attached=True),
)


def _prose(head: str, size: int) -> bytes:
    head += "Content-Type: text/plain; charset=us-ascii\n\nDear Pat,\n\n"
    lines, length = [head], len(head)
    while length < size:
        lines.append(PROSE[length % len(PROSE)] + "\n")
        length += len(lines[-1])
    return "".join(lines).encode()


def _attached(head: str, size: int) -> bytes:
    """Give a mail with a picture: a JPEG's beginning (ITU-T T.81, JFIF) and random bytes."""
    raw = JPEG + random.Random(size).randbytes(size * 3 // 4 * 76 // 78)
    return (head + BEFORE_ATTACHMENT).encode() + base64.encodebytes(raw) + b"\n--part--\n"


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
HEAD = """\
From: Sam Taylor <{sender}>
To: Pat Okonkwo <{recipient}>
Subject: {subject}
Date: Tue, 3 Nov 2026 10:00:00 +0000
Message-ID: <bench@council.example>
MIME-Version: 1.0
"""
BEFORE_ATTACHMENT = """\
Content-Type: multipart/mixed; boundary="part"

--part
Content-Type: text/plain; charset=us-ascii

Dear Pat, please find the minutes attached.

--part
Content-Type: image/jpeg; name="plan.jpg"
Content-Disposition: attachment; filename="plan.jpg"
Content-Transfer-Encoding: base64

"""
PROSE = (
    "The committee looked at the plan for the market square and asked for two changes.",
    "Benches will stand along the north side, where the sun comes in the afternoon.",
    "The contractor thinks that the paving can begin after the spring holiday.",
    "Officers will write to the shops before the first stones are lifted.",
    "A second meeting follows once the drainage survey has been read by everybody.",
    "Questions about the budget were left open, as the grant has not been decided.",
    "The trees stay; their roots are to be protected while the work goes on.",
)
