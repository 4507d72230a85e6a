"""Logs: one JSON object a line, and nothing of a mail in any of them."""

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from sealgate import logs

MARK = "canary-7731"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a process writes, from the moment its log is configured."""
    logging.captureWarnings(False)  # in case another test left it on
    logging.getLogger().handlers.clear()
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure("smtp", level="debug")
    yield out
    logging.captureWarnings(False)
    structlog.reset_defaults()  # what later tests capture must not go here


def events(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_an_event_is_one_object_with_its_fields(written: io.StringIO) -> None:
    structlog.get_logger().info("mail.sealed", reference="7F3K-92QD", size=319)
    _, event = events(written)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "mail.sealed",
        "level": "info",
        "process": "smtp",
        "reference": "7F3K-92QD",
        "size": 319,
    }


@pytest.mark.parametrize("field", sorted(logs.FORBIDDEN_FIELDS))
def test_a_field_that_could_carry_a_mail_is_dropped(field: str, written: io.StringIO) -> None:
    structlog.get_logger().info("mail.sealed", **{field: MARK}, size=1)
    assert events(written)[-1]["size"] == 1
    assert MARK not in written.getvalue()


def test_other_fields_are_written(written: io.StringIO) -> None:
    """Otherwise the test above could not see a field that is not dropped."""
    structlog.get_logger().info("mail.sealed", reference=MARK)
    assert MARK in written.getvalue()


class Pieces(io.StringIO):
    """Keeps what is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return len(text)


def test_a_line_is_written_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four processes write to one standard error; unbuffered, pieces of two lines would mix."""
    pieces = Pieces()
    monkeypatch.setattr(sys, "stderr", pieces)
    logs.configure("smtp", level="info")
    structlog.get_logger().info("mail.sealed")
    structlog.get_logger().info("mail.relayed")
    assert len(pieces.pieces) == 2
    assert all(piece.endswith("}\n") for piece in pieces.pieces)


class QuotingError(Exception):
    """An exception whose text quotes a mail."""


def fails(secret: str) -> None:
    raise QuotingError(f"could not parse {secret}")


def test_an_exception_is_named_and_placed_without_its_text(written: io.StringIO) -> None:
    log = structlog.get_logger()
    try:
        fails(MARK)
    except QuotingError as error:
        for way in (True, error, sys.exc_info()):
            log.warning("mail.failed", exc_info=way)
        log.exception("mail.failed")
    _, *told = events(written)
    assert len(told) == 4
    for event in told:
        assert event["error"] == "QuotingError"
        assert event["at"].startswith("test_logs.py:")
        assert not {"exc_info", "exception"} & event.keys()
    assert MARK not in written.getvalue()


def test_an_exception_that_was_never_raised(written: io.StringIO) -> None:
    structlog.get_logger().error("mail.failed", exc_info=QuotingError(MARK))
    assert events(written)[-1]["error"] == "QuotingError"
    assert MARK not in written.getvalue()


@pytest.mark.parametrize("library", [*logs.TALKATIVE, "sqlalchemy.engine", "any.other"])
def test_what_a_library_says_is_not_repeated(library: str, written: io.StringIO) -> None:
    logger = logging.getLogger(library)
    logger.info("MAIL FROM:<%s>", MARK)
    logger.debug(MARK)
    assert len(events(written)) == 1, "only that the log is configured"
    logger.warning("strange mail: %s", MARK)
    try:
        fails(MARK)
    except QuotingError:
        logger.exception("failed with %s", MARK)
    *_, warned, failed = events(written)
    assert warned["event"] == failed["event"] == "library.warned"
    assert warned["library"] == library
    assert failed["error"] == "QuotingError"
    assert MARK not in written.getvalue()


def test_a_value_cannot_forge_a_line(written: io.StringIO) -> None:
    forged = 'x"}\n{"event": "mail.relayed"}\r\n\x1b[2J\u2028'
    structlog.get_logger().info("smtp.greeted", helo=forged)
    assert len(written.getvalue().splitlines()) == 2
    assert written.getvalue().isascii()
    assert "\x1b" not in written.getvalue()
    assert events(written)[-1]["helo"] == forged


def test_less_important_events_are_not_written(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", written)
    logs.configure("smtp", level="warning")
    before = len(events(written))
    structlog.get_logger().info("mail.sealed")
    structlog.get_logger().warning("policy.refused")
    assert [event["event"] for event in events(written)[before:]] == ["policy.refused"]


def test_python_warnings_do_not_quote_either(written: io.StringIO) -> None:
    """aiohttp warns of an upload's file name that it cannot read, and quotes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(MARK, stacklevel=1)
    assert events(written)[-1]["library"] == "py.warnings"
    assert MARK not in written.getvalue()


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    """The disk it lies on may be full: a mail under way must not pay for that."""
    works = (
        "import structlog; from sealgate import logs; logs.configure('test');"
        "[structlog.get_logger().warning('mail.sealed') for _ in range(3)]; print('went on')"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", works], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert done.stdout == b"went on\n"
