"""Structured logs: one JSON object a line, or coloured lines in development. uvicorn's go the same way."""

import logging
import sys
from typing import Final, Literal

import structlog
from structlog.typing import FilteringBoundLogger, Processor

CORRELATION_ID: Final = "correlation_id"
_OURS: Final = "doorward"
_TALKATIVE: Final = ("psycopg", "alembic", "asyncio", "httpx")


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
        else [
            # Not the default formatter: it prints local variables, and passwords are among them.
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
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
    _send_to_root("uvicorn", "uvicorn.error")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _send_to_root(*names: str) -> None:
    """Leave uvicorn.access out: it would log query strings, where some clients put passwords."""
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
