"""What domains have said of their mail servers by MTA-STS, kept over restarts (RFC 8461 10.2).

Whoever can keep us from fetching a policy must not gain by our forgetting it: a process that has
just begun knows what any process of the node has learnt, for as long as the policy holds.

Promises bounds: `MOST` policies, those that end first forgotten first. Must never be the reason why
a mail is sent with less protection: what is read here can only ask for more.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, update

from vault.storage import tables
from vault.storage.statements import Addition, Statement
from vault.storage.store import Store, Transaction

MOST = 20_000
SLACK = 500  # so many more, before they are looked through

_ROW = tables.mta_sts_policies.c
_THIS = _ROW.domain == bindparam("of")
_FIND = Statement(select(_ROW.id, _ROW.mode, _ROW.hosts, _ROW.until).where(_THIS))
_NEW = Addition(tables.mta_sts_policies)
_HOW_MANY = Statement(select(func.count()).select_from(tables.mta_sts_policies))
_CHANGE = Statement(
    update(tables.mta_sts_policies)
    .where(_THIS)
    .values(
        id=bindparam("new_id"),
        mode=bindparam("new_mode"),
        hosts=bindparam("new_hosts"),
        until=bindparam("new_until", type_=_ROW.until.type),
    )
)


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """A policy: its id in the DNS, its mode, its hosts, and the instant at which it ends."""

    id: str
    mode: str
    hosts: tuple[str, ...]
    until: datetime


def find(store: Store, domain: str) -> KeptPolicy | None:
    """Return the policy that holds for a domain, or None. Raises StoreUnavailable."""
    for id_, mode, hosts, until in store.ask(_FIND, of=domain):
        if until > store.clock():
            return KeptPolicy(id_, mode, tuple(hosts.split()), until)
    return None


def keep(tx: Transaction, domain: str, policy: KeptPolicy) -> None:
    """Keep a domain's policy, in the place of the one before it."""
    row = {"id": policy.id, "mode": policy.mode, "hosts": "\n".join(policy.hosts)}
    if tx.run(
        _CHANGE,
        of=domain,
        new_id=row["id"],
        new_mode=row["mode"],
        new_hosts=row["hosts"],
        new_until=policy.until,
    ).rowcount:
        return
    tx.add(_NEW, [{"domain": domain, **row, "until": policy.until}])
    (known,) = tx.run(_HOW_MANY).fetchall()[0]
    if known > MOST + SLACK:
        forget_old(tx)


def forget_old(tx: Transaction) -> None:
    """Delete what has ended, and what is beyond the bound."""
    table = tables.mta_sts_policies
    tx.execute(delete(table).where(_ROW.until <= tx.now))
    surplus = select(_ROW.domain).order_by(_ROW.until.desc()).offset(MOST)
    tx.execute(delete(table).where(_ROW.domain.in_(surplus)))
