"""Structured logs: one JSON object a line on standard error.

Promises that what libraries say about mail (aiosmtpd logs commands, aiohttp logs paths) is not
repeated, and that control characters in a value cannot forge a line. A line
that cannot be written is lost, and nothing else is.
Must never be given a subject, body, code, token or matched value; the fields that would carry one
are dropped here as a second line of defence.
"""

import io
import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

FORBIDDEN_FIELDS = frozenset(
    {"subject", "body", "code", "token", "password", "content", "value", "secret", "cookie"}
)
# These loggers describe what passes through them, which is the mail itself.
TALKATIVE = ("mail.log", "mail.debug", "aiosmtpd", "aiohttp.access", "aiohttp.server", "asyncio")


def configure(process: str, *, level: str = "info", pretty: bool = False) -> None:
    """Send every log event of this process to standard error.

    `process` is named on each line of JSON; `pretty` writes for a person at a terminal instead.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_QuietHandler()])
    logging.captureWarnings(True)  # Python would print them, with what they quote
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if pretty
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    naming = [] if pretty else [_naming(process)]
    structlog.configure(
        processors=[
            *naming,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_forbidden,
            name_exception,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Writes a line in one piece: the processes of a node share one standard error.
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.get_logger().debug("log.configured")


class Unfailing(io.TextIOBase):
    """A file, except that what cannot be written is lost: no mail waits for its log line.

    The disk on which the log lies may be full, or nobody may read it any more.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        with suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with suppress(OSError, ValueError):
            self._file.flush()


def _naming(process: str) -> structlog.typing.Processor:
    def name_process(
        logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return name_process


def drop_forbidden(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Remove the fields that could carry what a log must never hold."""
    for field in FORBIDDEN_FIELDS & event.keys():
        del event[field]
    return event


def name_exception(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace an exception by its type and place: its text may quote a mail."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["at"] = _place(error)
    return event


def _place(error: BaseException) -> str:
    """Name the innermost frame: file and line, never its variables."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


class _QuietHandler(logging.Handler):
    """Passes warnings of libraries on as events: who warned and where, never the text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Turn one library record into one event."""
        structlog.get_logger().warning(
            "library.warned",
            library=record.name,
            at=f"{record.filename}:{record.lineno}",
            exc_info=record.exc_info or None,
        )
