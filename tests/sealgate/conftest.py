"""Fixtures of the front door's tests."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from policies.detectors.names import roster
from sealgate import logs
from tests.sealgate import node
from tests.sealgate.node import Node


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands configure the log of their process, which here is everybody's."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers = root.handlers[:]
    loggers = {logging.getLogger(name) for name in logs.TALKATIVE} | {root}
    levels = {logger: logger.level for logger in loggers}
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.fixture(autouse=True)
def rosters_as_before() -> Iterator[None]:
    """Commands make the rosters of a node those of their process, which here is everybody's."""
    yield
    roster.use([])


@pytest.fixture
def bare(tmp_path: Path) -> Node:
    """A node with good settings and no keys."""
    return node.make(tmp_path)


@pytest.fixture
def ready(bare: Node) -> Node:
    """A node with good settings and keys."""
    assert bare.type("keys", "init").exit_code == 0
    return bare
