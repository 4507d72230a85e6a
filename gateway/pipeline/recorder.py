"""Writes down how mails are decided, beside the mail: in batches, on a thread of its own.

For `sealgate policy diff --replay`. Promises that no mail waits for it and that its memory is
bounded: where the database is slower than the mail, decisions are dropped and counted. A crash may
lose the last seconds of them. Must never be relied on for what the audit trail must know.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, partial

import structlog

from policies.decision import Decision
from policies.engine import Policy
from policies.envelope import Envelope
from policies.facts import Facts
from policies.trials.recorded import Record, record, record_of_recipient
from vault import decided
from vault.decided import DecidedRow
from vault.errors import StoreUnavailable
from vault.keys import SealingKeys
from vault.secrets import mac
from vault.storage.store import Store

EVERY = 2.0  # seconds between two batches
MOST_WAITING = 5000
MOST_HASHES = 5000
_PURPOSE = "recorded address"
_HASH = 16  # figures of a hash: enough to tell the addresses of one installation apart

log = structlog.get_logger()


class Recorder:
    """Records the decisions of one process. Safe to share between its threads."""

    def __init__(self, store: Store, keys: SealingKeys) -> None:
        self._store = store
        self._waiting: deque[DecidedRow] = deque(maxlen=MOST_WAITING)
        self._dropped = 0
        self._stopping = threading.Event()
        # The same people write and are written to all day.
        self._hashed = lru_cache(MOST_HASHES)(partial(hashed, keys))
        self._on = bool(store.settings.decisions_kept and store.settings.decisions_at_most)
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        if self._on:
            self._thread.start()

    def mail(
        self, policy: Policy, at: datetime, facts: Facts, decisions: tuple[Decision, ...]
    ) -> None:
        """Record a mail that `policy` has decided."""
        inside = policy.reads_inside
        if self._on:
            self._add(
                policy.digest, at, lambda: record(facts, decisions, self._hashed, inside=inside)
            )

    def recipient(self, policy: str, at: datetime, envelope: Envelope, decision: Decision) -> None:
        """Record a recipient who was refused before there was a mail."""
        if self._on:
            self._add(policy, at, lambda: record_of_recipient(envelope, decision, self._hashed))

    def close(self) -> None:
        """Write what waits, and end."""
        self._stopping.set()
        if self._on:
            self._thread.join(timeout=10)

    def _add(self, policy: str, at: datetime, make: Callable[[], Record]) -> None:
        try:
            made = make()
        except Exception as error:  # noqa: BLE001 - a fault in the record must not stop a mail
            log.error("decision.not_recorded", problem=type(error).__name__)
            return
        if len(self._waiting) == MOST_WAITING:
            self._dropped += 1
        self._waiting.append(DecidedRow(at, policy, made))

    def _run(self) -> None:
        while not self._stopping.wait(EVERY):
            self._write()
        self._write()

    def _write(self) -> None:
        rows = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not rows:
            return
        try:
            with self._store.writing() as tx:
                self._dropped += decided.write(tx, rows)
        except StoreUnavailable:
            self._dropped += len(rows)
        if self._dropped:
            log.warning("decisions.dropped", count=self._dropped)
            self._dropped = 0


def hashed(keys: SealingKeys, text: str) -> str:
    """Return the keyed hash of a name: who has no key cannot find out whose it is."""
    return mac(keys.marks, _PURPOSE, text.encode()).hex()[:_HASH]
