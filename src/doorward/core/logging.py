"""Structured logs: one JSON object a line, or coloured lines in development. Everybody's lines go the same way.

What the service reports are the events of ``core/events.py``; what a line may hold decides ``core/scrubbing.py``.
"""

import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import structlog
from structlog.typing import FilteringBoundLogger

from doorward.core.request_context import request_facts
from doorward.core.scrubbing import PERSONAL_FIELDS, Scrubber

MAXIMUM_LINE: Final = 16_000
"""Characters: what Docker and most collectors take in one piece."""

_OURS: Final = "doorward"
_TALKATIVE: Final = ("psycopg", "alembic", "asyncio", "httpx", "urllib3")

_KEPT: Final = ("timestamp", "level", "logger", "correlation_id", "event", "exception")
_KEPT_CHARACTERS: Final = 512

Line = MutableMapping[str, Any]
Observer = Callable[[str, Mapping[str, Any]], None]

_observers: list[Observer] = []


def configure_logging(
    level: str, style: Literal["json", "console"], private_fields: Iterable[str] = PERSONAL_FIELDS
) -> None:
    """Send every log line of the process to standard output, at ``level`` and above.

    ``private_fields`` are words that mark a key whose value is never shown. A line that cannot be written never
    fails the request.
    """
    severity = logging.getLevelNamesMapping()[level.upper()]
    handler = _LineHandler(_Renderer(Scrubber(private_fields), style))
    structlog.configure(
        processors=[
            _tell_observers,
            _Threshold(severity),
            _add_level,
            structlog.processors.format_exc_info,
            handler.renderer,
        ],
        logger_factory=lambda *_: handler,
        # Events are counted whatever is logged, so they come as far as the observers at every level.
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(severity)
    _send_to_root("uvicorn", "uvicorn.error")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def get_logger() -> FilteringBoundLogger:
    """Return a logger; call it with the name of an event and keyword facts."""
    logger: FilteringBoundLogger = structlog.get_logger(_OURS)
    return logger


@contextlib.contextmanager
def observed_events(observer: Observer) -> Iterator[None]:
    """Have ``observer`` called with the name and the facts of each event within the block, logged or not."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def _send_to_root(*names: str) -> None:
    """Leave uvicorn.access out: it would log query strings, where some clients put passwords."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


def _tell_observers(_logger: object, _method: str, line: Line) -> Line:
    for observer in _observers:
        observer(line["event"], line)
    return line


def _add_level(_logger: object, method: str, line: Line) -> Line:
    line["level"] = method
    return line


class _Threshold:
    """Drops what is not severe enough to be logged."""

    def __init__(self, severity: int) -> None:
        self._dropped = {
            name.lower() for name, number in logging.getLevelNamesMapping().items() if 0 < number < severity
        }

    def __call__(self, _logger: object, method: str, line: Line) -> Line:
        if method in self._dropped:
            raise structlog.DropEvent
        return line


class _Renderer:
    """From facts to one line of text, whatever the facts are."""

    def __init__(self, scrubber: Scrubber, style: Literal["json", "console"]) -> None:
        self._scrubber = scrubber
        self._encode = json.JSONEncoder().encode if style == "json" else self._for_eyes
        # Not the default formatter: it prints local variables, and passwords are among them.
        self._console = structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )

    def __call__(self, _logger: object, _method: str, facts: Line) -> str:
        line = {**request_facts(), **facts}
        try:
            text = self._text(line)
        # What cannot be shown (a number of thousands of digits, a failing __str__) costs its line, not the request.
        except Exception as error:  # noqa: BLE001 - whatever a value's own code raises
            text = self._text(_shortened(line, unprintable=type(error).__name__))
        return text if len(text) <= MAXIMUM_LINE else self._text(_shortened(line, characters=len(text)))

    def _text(self, line: Line) -> str:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return self._encode({"timestamp": f"{now[:-6]}Z", **self._scrubber.scrub(line)})

    def _for_eyes(self, line: Line) -> str:
        return str(self._console(None, str(line.get("level", "")), line))


def _shortened(line: Line, **why: object) -> Line:
    kept = {name: str(line[name])[-_KEPT_CHARACTERS:] for name in _KEPT if name in line}
    return {**kept, "shortened": str(why)}


class _LineHandler(logging.StreamHandler[Any]):
    """Writes the service's own lines, and those of libraries that use the standard library's logging."""

    def __init__(self, renderer: _Renderer) -> None:
        super().__init__(sys.stdout)
        self.renderer = renderer

    def msg(self, text: str) -> None:
        """Write one line. One that cannot be written is mourned on standard error and fails nobody."""
        try:
            with self.lock or contextlib.nullcontext():
                self.stream.write(text + self.terminator)
                self.stream.flush()
        except (OSError, ValueError) as error:
            _mourn(error)

    debug = info = warning = error = critical = msg
    """What structlog calls with its finished lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a library's record. One whose words and arguments do not fit is mourned, too."""
        try:
            text = self.format(record)
        except (TypeError, ValueError, KeyError) as error:
            _mourn(error)
        else:
            self.msg(text)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a library's record."""
        facts: Line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            facts["exc_info"] = record.exc_info
        return self.renderer(None, "", structlog.processors.format_exc_info(None, "", facts))


def _mourn(error: Exception) -> None:
    """Say that a line was lost, and not what it said: that was not scrubbed."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"doorward: a log line was lost: {type(error).__name__}\n")
