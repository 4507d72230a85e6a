"""The database schema: one row class a noun, and the tables to select from, gathered here.

Promises that times are stored and read back as aware UTC, and that no column holds a
subject, a name, a file name, content, a code, a token or a password that could be read:
they are sealed, hashed or marked (HMAC).
Must never be imported outside the vault.
"""

from sqlalchemy import Table
from sqlmodel import SQLModel

from vault.storage.tables.accounts import User, UserAlias
from vault.storage.tables.disclosing import Disclosure
from vault.storage.tables.ending import Chore, Destruction, LegalHold
from vault.storage.tables.holding import Hold, HoldApprover, HoldState
from vault.storage.tables.imported import ImportedHistory, ImportedLine
from vault.storage.tables.policies import Decided, PolicyAct, PolicyVersion
from vault.storage.tables.sealed import (
    AccessRequest,
    Content,
    Grant,
    GrantState,
    NoticeState,
    Package,
    RequestState,
)
from vault.storage.tables.sending import MtaStsPolicy, Outbox, OutboxState, Receipt
from vault.storage.tables.signing_in import Guess, KnownPlace, Session, SignInCode, SignInFailure
from vault.storage.tables.trail import Correspondence, Event, Head, SignedStrand, Strand
from vault.storage.tables.version import Meta

__all__ = [
    "SCHEMA_VERSION",
    "Grant",
    "GrantState",
    "HoldState",
    "NoticeState",
    "OutboxState",
    "RequestState",
    "access_requests",
    "audit_heads",
    "chores",
    "contents",
    "correspondence",
    "decided",
    "destructions",
    "disclosures",
    "events",
    "grants",
    "guesses",
    "hold_approvers",
    "holds",
    "imported_histories",
    "imported_lines",
    "known_places",
    "legal_holds",
    "meta",
    "metadata",
    "mta_sts_policies",
    "outbox",
    "packages",
    "policy_acts",
    "policy_versions",
    "receipts",
    "sessions",
    "sign_in_codes",
    "sign_in_failures",
    "strands",
    "strands_signed",
    "user_aliases",
    "users",
]

SCHEMA_VERSION = "5"


def _table(row: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(row.__tablename__)]


meta = _table(Meta)
contents = _table(Content)
packages = _table(Package)
grants = _table(Grant)
outbox = _table(Outbox)
events = _table(Event)
strands = _table(Strand)
strands_signed = _table(SignedStrand)
audit_heads = _table(Head)
imported_histories = _table(ImportedHistory)
imported_lines = _table(ImportedLine)
policy_versions = _table(PolicyVersion)
policy_acts = _table(PolicyAct)
decided = _table(Decided)
receipts = _table(Receipt)
mta_sts_policies = _table(MtaStsPolicy)
holds = _table(Hold)
hold_approvers = _table(HoldApprover)
correspondence = _table(Correspondence)
access_requests = _table(AccessRequest)
legal_holds = _table(LegalHold)
disclosures = _table(Disclosure)
destructions = _table(Destruction)
chores = _table(Chore)
sign_in_codes = _table(SignInCode)
sign_in_failures = _table(SignInFailure)
guesses = _table(Guess)
known_places = _table(KnownPlace)
sessions = _table(Session)
users = _table(User)
user_aliases = _table(UserAlias)
metadata = SQLModel.metadata
