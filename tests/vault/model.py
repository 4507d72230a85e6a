"""The reference for who may open what: small enough to be read at a glance."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import strategies as st

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, EVE
from vault.address import Address
from vault.errors import Denial
from vault.secrets import Secret

LOOKALIKE = Address.parse("Bob@clinic.example")
PEOPLE = (ALICE, BOB, CAROL, DAVE, EVE, LOOKALIKE)
people = st.sampled_from(PEOPLE)


@dataclass
class Known:
    """The reference: what ought to be true of one package."""

    body: bytes
    owner: Address
    author: Address
    expires_at: datetime | None
    not_before: datetime | None
    active: dict[Address, bool] = field(default_factory=dict)
    kept: timedelta = timedelta()
    holds: list[str] = field(default_factory=list)
    destroyed: bool = False
    words: Secret | None = None  # of its second lock

    def denial(self, reader: Address, now: datetime) -> Denial | None:
        belongs = reader in {self.owner, self.author}
        if not belongs and reader not in self.active:
            return Denial.UNKNOWN
        if self.destroyed:
            return Denial.DESTROYED
        if belongs:
            return None
        if not self.active[reader]:
            return Denial.REVOKED
        if self.expires_at and self.expires_at <= now:
            return Denial.EXPIRED
        return Denial.NOT_YET if self.not_before and self.not_before > now else None

    def is_due(self, now: datetime) -> bool:
        ends = self.expires_at + self.kept if self.expires_at else None
        return not self.holds and not self.destroyed and ends is not None and ends <= now
