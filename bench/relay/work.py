"""The kinds of mail that are sent, and how: sizes, sessions, and whether connections are kept."""

import base64
import random
from dataclasses import dataclass
from pathlib import Path

SENDER, RECIPIENT = "sam.taylor@council.example", "pat.okonkwo@partner.example"
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One row of the table. `size` is the content in bytes."""

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

    def arguments(self, folder: Path) -> list[str]:
        """Give the arguments of `smtp-source`, but for the server."""
        words = ["-4", "-s", str(self.sessions), "-m", str(self.count)]
        words += ["-f", SENDER, "-t", RECIPIENT, "-M", "mail.council.example"]
        words += ["-d"] if self.keeps else []
        if self.attached:
            return [*words, "-F", str(_mail_with_attachment(folder, self.size))]
        subject = "[secure] Minutes" if self.sealed else "Minutes of Tuesday"
        return [*words, "-l", str(self.size), "-S", subject]


WORKS = (
    Work(name="clear 4 KB, 10 sessions", size=4096, count=3000, sessions=10),
    Work(name="clear 4 KB, 50 sessions", size=4096, count=3000, sessions=50),
    Work(name="clear 4 KB, new connections", size=4096, count=1500, sessions=10, keeps=False),
    Work(name="clear 5 MB with attachment", size=5 * MIB, count=40, sessions=5, attached=True),
    Work(name="sealed 4 KB, 10 sessions", size=4096, count=1500, sessions=10, sealed=True),
    Work(name="sealed 25 MB", size=25 * MIB, count=10, sessions=5, sealed=True),
)


def _mail_with_attachment(folder: Path, size: int) -> Path:
    """Write a mail with a base64 attachment of random bytes, once."""
    path = folder / f"mail-{size}"
    if not path.exists():
        raw = random.Random(size).randbytes(size * 3 // 4 * 76 // 78)
        path.write_bytes(HEAD + base64.encodebytes(raw) + TAIL)
    return path


HEAD = f"""From: Sam Taylor <{SENDER}>
To: Pat Okonkwo <{RECIPIENT}>
Subject: Minutes of Tuesday
Date: Tue, 3 Nov 2026 10:00:00 +0000
Message-ID: <bench@council.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="part"

--part
Content-Type: text/plain; charset=us-ascii

Dear Pat, please find the minutes attached.

--part
Content-Type: image/jpeg; name="plan.jpg"
Content-Disposition: attachment; filename="plan.jpg"
Content-Transfer-Encoding: base64

""".encode()
TAIL = b"\n--part--\n"
