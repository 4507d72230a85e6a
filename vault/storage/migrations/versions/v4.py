"""What stood before there were revisions.

Whatever of it a database has not is added: those before had fewer tables and columns.
"""

import sqlalchemy as sa

from vault.storage.migrations.adding import add_missing
from vault.storage.tables.instant import UtcDateTime
from vault.storage.tables.number import Number

revision = "4"
down_revision = None
branch_labels = None
depends_on = None

V4 = sa.MetaData()
INSTANT, NUMBER = UtcDateTime(), Number()


def upgrade() -> None:
    """Add the tables and the columns that are missing."""
    add_missing(V4)


sa.Table(
    "contents",
    V4,
    sa.Column("id", sa.String(), primary_key=True),
    sa.Column("inline", sa.LargeBinary()),
    sa.Column("place", sa.String()),
    sa.Column("size", NUMBER, nullable=False),
    sa.Column("created_at", INSTANT, nullable=False),
)
sa.Table(
    "correspondence",
    V4,
    sa.Column("sender", sa.String(), primary_key=True),
    sa.Column("recipient", sa.String(), primary_key=True),
    sa.Column("times", sa.Integer(), nullable=False, default=1),
    sa.Column("last_at", INSTANT, nullable=False),
    sa.Index("correspondence_by_day", "last_at"),
)
sa.Table(
    "decided",
    V4,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("at", INSTANT, nullable=False, index=True),
    sa.Column("policy", sa.String(), nullable=False),
    sa.Column("facts", sa.String(), nullable=False),
)
sa.Table(
    "events",
    V4,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("at", INSTANT, nullable=False),
    sa.Column("act", sa.String(), nullable=False),
    sa.Column("package_id", sa.String()),
    sa.Column("actor", sa.String(), nullable=False, default=""),
    sa.Column("subject", sa.String(), nullable=False, default=""),
    sa.Column("ip", sa.String(), nullable=False, default=""),
    sa.Column("agent", sa.String(), nullable=False, default=""),
    sa.Column("detail", sa.String(), nullable=False, default=""),
    sa.Column("policy", sa.String(), nullable=False, default=""),
    sa.Index("events_by_package", "package_id", "at"),
)
sa.Table(
    "guesses",
    V4,
    sa.Column("mark", sa.LargeBinary(), primary_key=True),
    sa.Column("failures", sa.Integer(), nullable=False),
    sa.Column("failed_at", INSTANT, nullable=False, index=True),
    sa.Column("turn_at", INSTANT),
)
sa.Table(
    "known_places",
    V4,
    sa.Column("mark", sa.LargeBinary(), primary_key=True),
    sa.Column("seen_at", INSTANT, nullable=False, index=True),
)
sa.Table(
    "meta",
    V4,
    sa.Column("name", sa.String(), primary_key=True),
    sa.Column("value", sa.String(), nullable=False),
)
sa.Table(
    "mta_sts_policies",
    V4,
    sa.Column("domain", sa.String(), primary_key=True),
    sa.Column("id", sa.String(), nullable=False),
    sa.Column("mode", sa.String(), nullable=False),
    sa.Column("hosts", sa.String(), nullable=False),
    sa.Column("until", INSTANT, nullable=False, index=True),
)
sa.Table(
    "policy_acts",
    V4,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("at", INSTANT, nullable=False),
    sa.Column("act", sa.String(), nullable=False, index=True),
    sa.Column("digest", sa.String(), nullable=False, index=True),
    sa.Column("previous", sa.String(), nullable=False, default=""),
    sa.Column("by", sa.String(), nullable=False, default=""),
    sa.Column("why", sa.String(), nullable=False, default=""),
    sa.Index(
        "policy_acts_refused_once",
        "digest",
        unique=True,
        sqlite_where=sa.text("act = 'refused'"),
        postgresql_where=sa.text("act = 'refused'"),
    ),
)
sa.Table(
    "policy_versions",
    V4,
    sa.Column("digest", sa.String(), primary_key=True),
    sa.Column("stored_at", INSTANT, nullable=False),
    sa.Column("content", sa.LargeBinary(), nullable=False),
)
sa.Table(
    "receipts",
    V4,
    sa.Column("mark", sa.LargeBinary(), primary_key=True),
    sa.Column("accepted_at", INSTANT, nullable=False, index=True),
    sa.Column("reference", sa.String(), nullable=False),
    sa.Column("package_id", sa.String()),
)
sa.Table(
    "sessions",
    V4,
    sa.Column("token", sa.LargeBinary(), primary_key=True),
    sa.Column("id", sa.String(), nullable=False, unique=True),
    sa.Column("identity", sa.String(), nullable=False, index=True),
    sa.Column("begun_at", INSTANT, nullable=False),
    sa.Column("seen_at", INSTANT, nullable=False),
    sa.Column("ip", sa.String(), nullable=False, default=""),
    sa.Column("agent", sa.String(), nullable=False, default=""),
)
sa.Table(
    "sign_in_codes",
    V4,
    sa.Column("id", sa.String(), primary_key=True),
    sa.Column("address", sa.String(), nullable=False),
    sa.Column("folded", sa.String(), nullable=False),
    sa.Column("visit", sa.LargeBinary(), nullable=False, index=True),
    sa.Column("code", sa.LargeBinary(), nullable=False),
    sa.Column("asked_at", INSTANT, nullable=False),
    sa.Column("expires_at", INSTANT, nullable=False),
    sa.Column("used_at", INSTANT),
    sa.Column("tries", sa.Integer(), nullable=False, default=0),
    sa.Column("network", sa.String(), nullable=False, default=""),
    sa.Index("sign_in_codes_by_address", "folded", "asked_at"),
    sa.Index("sign_in_codes_by_network", "network", "asked_at"),
)
sa.Table(
    "sign_in_failures",
    V4,
    sa.Column("folded", sa.String(), primary_key=True),
    sa.Column("failures", sa.Integer(), nullable=False, default=0),
    sa.Column("failed_at", INSTANT, nullable=False),
    sa.Column("disabled_until", INSTANT),
)
sa.Table(
    "users",
    V4,
    sa.Column("address", sa.String(), primary_key=True),
    sa.Column("folded", sa.String(), nullable=False, unique=True),
    sa.Column("password", sa.String(), nullable=False),
    sa.Column("added_at", INSTANT, nullable=False),
)
sa.Table(
    "holds",
    V4,
    sa.Column("id", sa.String(), primary_key=True),
    sa.Column("reference", sa.String(), nullable=False, unique=True),
    sa.Column("owner", sa.String(), nullable=False),
    sa.Column("state", sa.String(), nullable=False, default="held"),
    sa.Column("revision", sa.Integer(), nullable=False, default=1),
    sa.Column("held_at", INSTANT, nullable=False),
    sa.Column("expires_at", INSTANT, nullable=False),
    sa.Column("asked_at", INSTANT),
    sa.Column("settled_at", INSTANT),
    sa.Column("settled_by", sa.String(), nullable=False, default=""),
    sa.Column("package_id", sa.String()),
    sa.Column("mark", sa.LargeBinary(), nullable=False, index=True),
    sa.Column("size", NUMBER, nullable=False),
    sa.Column("content_id", sa.String(), sa.ForeignKey("contents.id"), index=True),
    sa.Column("wrapped", sa.LargeBinary()),
    sa.Column("summary", sa.LargeBinary(), nullable=False, default=b""),
    sa.Column("slip", sa.LargeBinary(), nullable=False, default=b""),
    sa.Column("answer", sa.LargeBinary(), nullable=False, default=b""),
    sa.Column("policy", sa.String(), nullable=False, default=""),
    sa.Column("because", sa.String(), nullable=False, default="[]"),
    sa.Index("holds_by_owner", "owner", "held_at"),
    sa.Index("holds_due", "state", "expires_at"),
)
sa.Table(
    "packages",
    V4,
    sa.Column("id", sa.String(), primary_key=True),
    sa.Column("reference", sa.String(), nullable=False, unique=True),
    sa.Column("author", sa.String(), nullable=False),
    sa.Column("owner", sa.String(), nullable=False),
    sa.Column("sealed_at", INSTANT, nullable=False),
    sa.Column("expires_at", INSTANT),
    sa.Column("not_before", INSTANT),
    sa.Column("reply_allowed", sa.Boolean(), nullable=False, default=True),
    sa.Column("view_only", sa.Boolean(), nullable=False, default=False),
    sa.Column("sign_in", sa.String(), nullable=False, default="code"),
    sa.Column("protection", sa.String(), nullable=False, default="normal"),
    sa.Column("conversation", sa.String(), nullable=False, index=True),
    sa.Column("message_mark", sa.LargeBinary(), index=True),
    sa.Column("size", NUMBER, nullable=False),
    sa.Column("content_id", sa.String(), sa.ForeignKey("contents.id"), index=True),
    sa.Column("wrapped", sa.LargeBinary()),
    sa.Column("summary", sa.LargeBinary(), nullable=False),
    sa.Column("policy", sa.String(), nullable=False, default=""),
    sa.Column("because", sa.String(), nullable=False, default="[]"),
    sa.Index("packages_by_owner", "owner", "sealed_at"),
)
sa.Table(
    "user_aliases",
    V4,
    sa.Column("address", sa.String(), primary_key=True),
    sa.Column("folded", sa.String(), nullable=False, unique=True),
    sa.Column(
        "user",
        sa.String(),
        sa.ForeignKey("users.address", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
)
sa.Table(
    "access_requests",
    V4,
    sa.Column("id", sa.String(), primary_key=True),
    sa.Column("package_id", sa.String(), sa.ForeignKey("packages.id"), nullable=False),
    sa.Column("requester", sa.String(), nullable=False, index=True),
    sa.Column("asked_at", INSTANT, nullable=False),
    sa.Column("state", sa.String(), nullable=False, default="pending"),
    sa.Column("decided_at", INSTANT),
    sa.Index(
        "access_requests_pending",
        "package_id",
        "requester",
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    ),
)
sa.Table(
    "grants",
    V4,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("package_id", sa.String(), sa.ForeignKey("packages.id"), nullable=False),
    sa.Column("address", sa.String(), nullable=False, index=True),
    sa.Column("folded", sa.String(), nullable=False, index=True),
    sa.Column("visible", sa.Boolean(), nullable=False, default=True),
    sa.Column("notify", sa.Boolean(), nullable=False, default=True),
    sa.Column("reports", sa.Boolean(), nullable=False, default=True),
    sa.Column("state", sa.String(), nullable=False, default="active"),
    sa.Column("notice", sa.String(), nullable=False, default="none"),
    sa.Column("added_at", INSTANT, nullable=False),
    sa.Column("opened_at", INSTANT),
    sa.Column("downloads", sa.Integer(), nullable=False, default=0),
    sa.UniqueConstraint("package_id", "address"),
)
sa.Table(
    "hold_approvers",
    V4,
    sa.Column("hold_id", sa.String(), sa.ForeignKey("holds.id"), primary_key=True),
    sa.Column("address", sa.String(), primary_key=True, index=True),
)
sa.Table(
    "outbox",
    V4,
    sa.Column("id", sa.String(), primary_key=True),
    sa.Column("kind", sa.String(), nullable=False),
    sa.Column("address", sa.String(), nullable=False),
    sa.Column("package_id", sa.String(), sa.ForeignKey("packages.id"), index=True),
    sa.Column("content_id", sa.String(), sa.ForeignKey("contents.id"), index=True),
    sa.Column("wrapped", sa.LargeBinary()),
    sa.Column("payload", sa.LargeBinary(), nullable=False, default=b""),
    sa.Column("state", sa.String(), nullable=False, default="queued"),
    sa.Column("status", sa.String(), nullable=False, default=""),
    sa.Column("urgency", sa.Integer(), nullable=False, default=1),
    sa.Column("attempts", sa.Integer(), nullable=False, default=0),
    sa.Column("delayed", sa.Boolean(), nullable=False, default=False),
    sa.Column("warned", sa.Boolean(), nullable=False, default=False),
    sa.Column("sender_domain", sa.String(), nullable=False, default=""),
    sa.Column("queued_at", INSTANT, nullable=False),
    sa.Column("available_at", INSTANT, nullable=False),
    sa.Column("finished_at", INSTANT),
    sa.Column("lease", sa.String(), nullable=False, default=""),
    sa.Column("leased_by", sa.String(), nullable=False, default=""),
    sa.Column("leased_until", INSTANT),
    sa.Index("outbox_due", "state", "urgency", "available_at"),
)
