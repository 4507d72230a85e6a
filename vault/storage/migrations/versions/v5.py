"""The life of packages, evidence, and content in more places than one."""

from vault.storage import tables
from vault.storage.migrations.adding import add_missing

revision = "5"
down_revision = "4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new."""
    add_missing(tables.metadata)
