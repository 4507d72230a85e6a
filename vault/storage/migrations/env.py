"""What alembic runs: the revisions, on the connection and in the transaction that it is given.

To draft a new revision, see CONTRIBUTING.
"""

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationInfo

from vault.storage import tables


def _told(*, step: MigrationInfo, **_more: Any) -> None:
    tell = context.config.attributes.get("tell")
    if tell is not None and step.is_upgrade and not step.is_stamp:
        tell(step.up_revision)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_as_batch=True,
    on_version_apply=_told,  # type: ignore[arg-type]  # it is called by keywords
)
with context.begin_transaction():
    context.run_migrations()
