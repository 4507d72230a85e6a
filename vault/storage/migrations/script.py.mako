"""${message}."""

import sqlalchemy as sa
import sqlmodel  # noqa: F401 - the types of columns are said in its words
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new."""
    ${upgrades if upgrades else "pass"}
