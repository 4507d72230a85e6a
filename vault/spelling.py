"""Which spelling of an address the safe knows.

People type `bob@example.org` where the mail was sent to `Bob@example.org`. Only that server knows
whether the two are one mailbox, so nobody is let in by a guess: a code is mailed to the spelling
that was granted, and whoever can read that mailbox may sign in as it.

Must never be used to grant: a grant is to the address it names, byte for byte.
"""

from sqlalchemy import exists, or_, select, union

from vault.address import Address
from vault.packages.facts import address_of
from vault.storage import tables
from vault.storage.store import Transaction


def known_spelling(tx: Transaction, typed: Address) -> Address:
    """Return the known spelling of `typed`, or `typed` itself if none or several others are known.

    Known are the addresses of grants, of senders and of users, whatever became of them since.
    """
    grant, user, alias = tables.grants.c, tables.users.c, tables.user_aliases.c
    owner, text, folded = tables.packages.c.owner, str(typed), typed.folded()
    exact = or_(
        exists().where(grant.address == text),
        exists().where(owner == text),
        exists().where(user.address == text),
        exists().where(alias.address == text),
    )
    if tx.execute(select(exact)).scalar_one():
        return typed
    spellings = union(
        select(grant.address).where(grant.folded == folded),
        select(user.address).where(user.folded == folded),
        select(alias.address).where(alias.folded == folded),
    ).limit(2)
    found = tx.execute(spellings).scalars().all()
    return address_of(found[0]) if len(found) == 1 else typed
