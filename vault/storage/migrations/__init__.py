"""Revisions of the schema: how a database of one version becomes one of the next.

    v4    what stood before there were revisions; takes earlier ones along
    v5    and so on: a module a version, in `versions`

Each adds tables and columns, and changes nothing that is there: programs of the version before can
go on at it until they are started anew. Written for alembic, and the same for both databases.
Must never drop or rewrite what holds somebody's mail.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

BASELINE = "4"


def after(version: str) -> Iterator[tuple[str, str]]:
    """Yield the revisions that a version has still to go through: its number, and what it does."""
    for one in _revisions():
        if int(one.revision) > int(version):
            yield one.revision, _first_line(one)


def run(connection: Connection, version: str, tell: Callable[[str, str], object]) -> None:
    """Take a database of `version` through what comes after, in the connection's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    known = version if int(version) >= int(BASELINE) else "base"
    command.stamp(config, known, purge=True)
    config.attributes["tell"] = lambda one: tell(one.revision, _first_line(one))
    command.upgrade(config, "head")


def _revisions() -> list[Script]:
    scripts = ScriptDirectory.from_config(_config())
    return list(reversed(list(scripts.walk_revisions())))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _first_line(one: Script) -> str:
    return one.doc.split("\n", 1)[0].rstrip(".")
