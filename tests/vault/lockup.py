"""Short ways to hold mails in tests, and to do what people do with them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tests.vault.bench import ALICE, BOB, BODY, HERE, Safe
from vault.address import Address
from vault.contents.spool import Spool
from vault.hold import approval, holding
from vault.hold import lists as held
from vault.hold import settling as holds
from vault.hold.lists import Held
from vault.hold.slip import Slip
from vault.packages.deposit import Deposit, GrantFor, Queued, Summary
from vault.packages.deposit import Receipt as Kept

BOSS = Address.parse("boss@council.example")
DEPUTY = Address.parse("deputy@council.example")
REASON = "The subject seems to contain an NHS number."
SLIP = Slip(
    sender=ALICE,
    authenticated=True,
    recipients=(BOB,),
    prefix=b"Received: by gateway.example id 1;\r\n\tMon, 2 Nov 2026 09:00:00 +0000\r\n",
    reasons=(REASON,),
)


@dataclass
class Lockup:
    """Held mails in a safe."""

    safe: Safe

    def put(self, body: bytes = BODY, **more: Any) -> holding.Receipt:
        """Hold `body`, from Alice to Bob, for three days unless told otherwise."""
        safe = self.safe
        days = more.pop("days", 3)
        slip = more.pop("slip", None) or replace(SLIP, recipients=more.pop("recipients", (BOB,)))
        wanted = {
            "owner": ALICE,
            "slip": slip,
            "expires_at": safe.clock() + timedelta(days=days),
            "summary": Summary(subject="A plan", author_name="Alice Ash"),
            "because": ("no-personal-data-in-subject",),
            **more,
        }
        with Spool.of(safe.store, body) as spool:
            return holding.hold(safe.store, safe.keys.sealing, holding.Hold(spool=spool, **wanted))

    def hold(self, body: bytes = BODY, **more: Any) -> str:
        """Hold `body` and return the identifier."""
        return self.put(body, **more).hold_id

    def look(self, hold_id: str, reader: Address = ALICE) -> Held:
        safe = self.safe
        return held.inspect(safe.store, safe.keys.opening, reader, hold_id, HERE)

    def fix(self, hold_id: str, by: Address = ALICE, revision: int = 1, **changes: Any) -> int:
        slip = replace(SLIP, **changes)
        safe = self.safe
        return holds.fix(safe.store, safe.keys.sealing, by, hold_id, revision, slip, HERE)

    def release(self, hold_id: str, by: Address = ALICE, revision: int = 1, **mail: Any) -> Kept:
        return self._send(holds.release, hold_id, by, revision, mail)

    def approve(self, hold_id: str, by: Address = BOSS, revision: int = 1, **mail: Any) -> Kept:
        return self._send(approval.approve, hold_id, by, revision, mail)

    def ask(
        self,
        hold_id: str,
        by: Address = ALICE,
        revision: int = 1,
        whom: tuple[Address, ...] = (BOSS,),
    ) -> bool:
        safe = self.safe
        return approval.ask(safe.store, safe.keys.sealing, by, hold_id, revision, whom, HERE)

    def decline(
        self, hold_id: str, by: Address = BOSS, revision: int = 1, reason: str = ""
    ) -> None:
        safe = self.safe
        approval.decline(safe.store, safe.keys.sealing, by, hold_id, revision, reason, HERE)

    def withdraw(self, hold_id: str, by: Address = ALICE) -> None:
        holds.withdraw(self.safe.store, by, hold_id, HERE)

    def expire(self) -> int:
        return holds.expire(self.safe.store, self.safe.keys.sealing)

    def _send(
        self, act: Any, hold_id: str, by: Address, revision: int, mail: dict[str, Any]
    ) -> Kept:
        safe = self.safe
        clear = mail.pop("queued", (BOB,))
        wanted = {
            "author": ALICE,
            "grants": tuple(GrantFor(address=to) for to in mail.pop("to", ())),
            "queued": Queued(recipients=clear, return_path=ALICE) if clear else None,
            **mail,
        }
        with Spool.of(safe.store, wanted.pop("body", BODY)) as spool:
            deposit = Deposit(spool=spool, **wanted)
            result: Kept = act(safe.store, safe.keys.sealing, by, hold_id, revision, deposit, HERE)
            return result
