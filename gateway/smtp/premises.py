"""What all connections of the SMTP door share: who decides, limits, and commits under way.

Promises that a commit, once begun, runs to its end whatever the client does, and that its task is
held as long as it runs. Must never let a commit's exception reach the client or vanish.
"""

import asyncio
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog

from gateway.smtp import replies
from gateway.smtp.handler import Handler
from gateway.smtp.limits import Gate, Limits, Networks
from gateway.smtp.quotas import Quotas
from gateway.smtp.replies import Reply
from gateway.smtp.sasl import PASSWORD_MECHANISMS
from vault.errors import VaultError

log = structlog.get_logger()


class Kind(StrEnum):
    """What a listening port is for."""

    STARTTLS = "starttls"  # submission: TLS by STARTTLS, then sign-in (RFC 6409)
    TLS = "tls"  # submission: TLS from the first byte, then sign-in (RFC 8314)
    TRUSTED = "trusted"  # the organisation's own mail servers, known by address


class Commits:
    """The commits that are under way."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Reply]] = set()

    def start(self, commit: Awaitable[Reply]) -> asyncio.Task[Reply]:
        """Start a commit in a task of its own. The task never raises: failures become 4xx."""
        task = asyncio.create_task(_answered(commit))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def finish(self, grace: float) -> None:
        """Wait at most `grace` seconds for what is under way, then give it up."""
        running = set(self._running)
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=grace)
        for task in late:
            log.warning("mail.commit_given_up")
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def _answered(commit: Awaitable[Reply]) -> Reply:
    try:
        return await commit
    except VaultError as error:
        log.warning("mail.commit_failed", error=type(error).__name__)
        return replies.for_error(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, the client must hear 4xx
        log_failure("mail.commit_failed", error)
        return replies.TRY_LATER


def log_failure(event: str, error: BaseException) -> None:
    """Log what kind of failure it was and where: never its text, which may hold content."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    log.error(event, error=type(error).__name__, place=place)


@dataclass(frozen=True, slots=True)
class Premises:
    """What all connections share. `tls` is None where there is no certificate.

    `mechanisms` are those of SASL that somebody behind the handler can check; `proxies` send a
    PROXY header, `fronts` may say XCLIENT.
    """

    handler: Handler
    limits: Limits
    gate: Gate
    hostname: str
    tls: ssl.SSLContext | None = None
    mechanisms: tuple[str, ...] = PASSWORD_MECHANISMS
    proxies: Networks = field(default_factory=Networks)
    fronts: Networks = field(default_factory=Networks)
    quotas: Quotas = field(default_factory=Quotas)
    commits: Commits = field(default_factory=Commits)
