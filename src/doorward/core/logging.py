"""Structured logs: one JSON object a line, or coloured lines in development. uvicorn's go the same way."""

import logging
import sys
from typing import Final, Literal

import structlog
from structlog.typing import FilteringBoundLogger, Processor

CORRELATION_ID: Final = "correlation_id"
_OURS: Final = "doorward"
_LIBRARIES: Final = ("psycopg", "psycopg.pool", "slowapi", "watchfiles", "alembic", "asyncio")


def configure_logging(level: str, style: Literal["json", "console"]) -> None:
    """Send every log line of the process to standard output, at ``level`` and above.

    The standard library's handler writes them: one that cannot be written never fails the request.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if style == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())]
    )
    severity = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(severity),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(severity)
    _send_to_root("uvicorn", "uvicorn.error", "uvicorn.access")
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)


def _send_to_root(*names: str) -> None:
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


def get_logger() -> FilteringBoundLogger:
    """Return a logger; call it with an event name and keyword facts."""
    logger: FilteringBoundLogger = structlog.get_logger(_OURS)
    return logger


def bind_correlation_id(correlation_id: str) -> None:
    """Put the id on every line written from here on in this task."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**{CORRELATION_ID: correlation_id})


def current_correlation_id() -> str:
    """Return the id of the request being answered, or an empty string outside one."""
    return str(structlog.contextvars.get_contextvars().get(CORRELATION_ID, ""))
