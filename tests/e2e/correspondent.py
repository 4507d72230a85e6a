"""A recipient who reads and answers through the reader site while it dies now and then.

Like anybody at a browser: when a page does not come, the page is asked for again. An answer counts
as sent when its receipt was shown; until then the same words are sent again.
"""

import asyncio
import random
import secrets
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import default
from hashlib import sha256

import aiohttp

from tests.e2e.browser import Visitor
from tests.e2e.reconcile import notices_in
from tests.e2e.stage import SENDER, Stage

MOST_ANSWERS = 25  # the site lets 30 an hour through
AWAY = 503


@dataclass
class Correspondent:
    """One person at one browser. `read` holds SHA-256 digests of originals, by package."""

    stage: Stage
    address: str
    dice: random.Random
    read: dict[str, set[bytes]] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)  # word in the answer -> its file
    surprises: list[str] = field(default_factory=list)
    failures: int = 0  # pages that did not come
    _seen: int = 0
    _packages: list[str] = field(default_factory=list)

    async def run(self, visitor: Visitor) -> None:
        """Read and answer until cancelled."""
        word, file = secrets.token_hex(8), self.dice.randbytes(3000)
        while True:
            await asyncio.sleep(0.2)
            self._look_for_mail()
            if not self._packages:
                continue
            package = self.dice.choice(self._packages)
            try:
                await self._read(visitor, package)
                if len(self.answers) < MOST_ANSWERS and await self._answer(
                    visitor, package, word, file
                ):
                    self.answers[word] = file
                    word, file = secrets.token_hex(8), self.dice.randbytes(3000)
            except aiohttp.ClientError:
                self.failures += 1

    def _look_for_mail(self) -> None:
        mails = self.stage.sink.mails
        new, self._seen = mails[self._seen :], len(mails)
        mine = [mail for mail in new if self.address in mail.recipients]
        self._packages += sorted(notice.package_id for notice in notices_in(mine))

    async def _read(self, visitor: Visitor, package: str) -> None:
        page = await visitor.get(f"/p/{package}/original.eml")
        if page.status == 200:
            self.read.setdefault(package, set()).add(sha256(page.body).digest())
        self._judge(page.status, "original")

    async def _answer(self, visitor: Visitor, package: str, word: str, file: bytes) -> bool:
        form = await visitor.get(f"/p/{package}/reply")
        self._judge(form.status, "form")
        if form.status != 200:
            return False
        page = await visitor.submit(
            form, "/reply", message=f"Answer {word}", files=(f"{word}.bin", file)
        )
        self._judge(page.status, "answer")
        return page.status == 200 and "sent=" in page.url

    def _judge(self, status: int, what: str) -> None:
        if status == AWAY:
            self.failures += 1
        elif status != 200:
            self.surprises.append(f"{what}: {status}")

    def lost(self) -> list[str]:
        """Answers whose receipt was shown and which did not reach the sender's mailbox whole."""
        arrived = [mail.content for mail in self.stage.sink.mails if SENDER in mail.recipients]
        return [
            word
            for word, file in self.answers.items()
            if not any(word.encode() in content and _holds(content, file) for content in arrived)
        ]


def _holds(content: bytes, file: bytes) -> bool:
    message = BytesParser(policy=default).parsebytes(content)
    return any(part.get_payload(decode=True) == file for part in message.iter_attachments())
