"""Structured logs: one JSON object per line, or coloured lines in development, also for lines of libraries.

The service reports all events with ``report``. ``scrubbing.py`` redacts secrets in lines, and ``log_writer.py`` writes
lines without blocking the caller.
"""

import atexit
import contextlib
import io
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import structlog

from doorward.core.events import Event, Level
from doorward.observability.events import LogLineMalformed, LogLinesDropped
from doorward.observability.known_secrets import KnownSecrets
from doorward.observability.log_writer import LogWriter
from doorward.observability.request_context import request_facts
from doorward.observability.scrubbing import PERSONAL_FIELDS, Scrubber

MAXIMUM_LINE: Final = 16_000
"""Maximum characters of a line: Docker and most collectors split longer ones."""

FLUSH_SECONDS: Final = 1.0
"""How long a process waits for its last lines when it ends. A stalled reader must not keep it alive."""

_PACKAGE: Final = "doorward"
_AT_LOG_LEVEL: Final = (_PACKAGE, "uvicorn")
"""Loggers, with their children, that log from ``LOG_LEVEL``. All others log from warnings on, because at lower levels
libraries log what they send and receive, secrets included."""

_ESSENTIAL_FIELDS: Final = ("timestamp", "level", "logger", "correlation_id", "event", "exception")
_ESSENTIAL_CHARACTERS: Final = 512

_SEVERITY: Final[dict[Level, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

Line = MutableMapping[str, Any]
Observer = Callable[[Event], None]

_observers: list[Observer] = []
_writers: list[LogWriter] = []
"""The writer of the current configuration, if lines go to a file descriptor."""


def configure_logging(
    level: str,
    style: Literal["json", "console"],
    private_fields: Iterable[str] = PERSONAL_FIELDS,
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process to ``stream``, by default standard output.

    The service and uvicorn log from ``level`` on, others from warnings on, or from ``level`` if that is higher. The
    value of every key that contains a word of ``private_fields`` is redacted, and so is every value in ``secrets``. A
    line that cannot be written never fails a request and never delays it.
    """
    severity = logging.getLevelNamesMapping()[level.upper()]
    flush_log()
    handler = _LineHandler(_Renderer(Scrubber(private_fields), KnownSecrets(secrets), style), _line_writer(stream))
    LOGGER.handler, LOGGER.severity = handler, severity
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(severity, logging.WARNING))
    for name in _AT_LOG_LEVEL:
        logging.getLogger(name).setLevel(severity)
    # Without uvicorn.access, which logs query strings: some clients put passwords there.
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    # Python would write warnings to standard error, which may block.
    logging.captureWarnings(capture=True)


def _line_writer(stream: TextIO | None) -> Callable[[str], None]:
    """Return the function that writes a line: directly to memory, or through the queue to a file descriptor."""
    _writers.clear()
    stream = stream or sys.stdout or sys.stderr
    if stream is None:
        return lambda _: None
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:
        return lambda text: print(text, file=stream)
    writer = LogWriter(descriptor, lambda count: report(LogLinesDropped(count=count)))
    _writers.append(writer)
    atexit.unregister(flush_log)
    atexit.register(flush_log)
    return writer.write


def flush_log(seconds: float = FLUSH_SECONDS) -> None:
    """Wait until all lines are written, later ones included, for ``seconds`` at most."""
    for writer in _writers:
        writer.flush(seconds)


def dropped_lines() -> int:
    """Return how many lines this process has lost since logging was configured."""
    return sum(writer.dropped for writer in _writers)


def log(level: Level, event: str, **facts: object) -> None:
    """Write a line of the service with these facts, if its level is enabled.

    Nothing is written before ``configure_logging`` was called.

    ``exc_info=True`` adds the traceback of the exception being handled.
    """
    if LOGGER.handler is not None and _SEVERITY[level] >= LOGGER.severity:
        LOGGER.handler.write_line({**facts, "event": event, "level": level})


def report(event: Event, *, level: Level | None = None) -> None:
    """Pass an event to the observers, and log it at its own level or at ``level``.

    Report a change after its transaction has committed, so that a change that was rolled back is not reported.
    """
    for observer in _observers:
        observer(event)
    level = level or event.level
    if LOGGER.handler is None or _SEVERITY[level] < LOGGER.severity:
        return
    facts = event.facts()
    if event.level == "error":
        facts["exc_info"] = True
    LOGGER.handler.write_line({**facts, "event": event.log_event, "level": level})


@contextlib.contextmanager
def observed_events(observer: Observer) -> Iterator[None]:
    """Call ``observer`` with each event that is reported within the block, even if it is not logged."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


class _Renderer:
    """Render facts as one line of text. Never fails."""

    def __init__(self, scrubber: Scrubber, secrets: KnownSecrets, style: Literal["json", "console"]) -> None:
        self._scrubber = scrubber
        self._secrets = secrets
        self._encode = json.JSONEncoder().encode if style == "json" else self._encode_for_console
        # Plain, because the default formatter prints local variables, passwords included.
        self._console = structlog.dev.ConsoleRenderer(
            colors=sys.stdout is not None and sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )

    def __call__(self, facts: Line) -> str:
        line = {**request_facts(), **facts}
        try:
            text = self._text(line)
        # If rendering fails (a number of thousands of digits, a failing __str__), only the line is lost.
        except Exception as error:  # noqa: BLE001 - whatever a value's own code raises
            text = self._text(_shortened(line, unprintable=type(error).__name__))
        return text if len(text) <= MAXIMUM_LINE else self._text(_shortened(line, characters=len(text)))

    def _text(self, line: Line) -> str:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return self._secrets.redact(self._encode({"timestamp": f"{now[:-6]}Z", **self._scrubber.scrub(line)}))

    def _encode_for_console(self, line: Line) -> str:
        return str(self._console(None, str(line.get("level", "")), line))


def _shortened(line: Line, **why: object) -> Line:
    kept = {name: _last_words(str(line[name])) for name in _ESSENTIAL_FIELDS if name in line}
    return {**kept, "shortened": str(why)}


def _last_words(text: str) -> str:
    """Return the last characters, starting with a whole word, because a part of a secret may not be recognized."""
    return text if len(text) <= _ESSENTIAL_CHARACTERS else text[-_ESSENTIAL_CHARACTERS:].partition(" ")[2]


class _LineHandler(logging.Handler):
    """Write the lines of the service, and of libraries that use the standard library's logging."""

    def __init__(self, renderer: _Renderer, write: Callable[[str], None]) -> None:
        super().__init__()
        self._renderer = renderer
        self._write = write

    def write_line(self, facts: Line) -> None:
        """Write the line of these facts."""
        if "exc_info" in facts:
            facts = structlog.processors.format_exc_info(None, "", facts)
        self._write(self._renderer(facts))

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a library's record. If formatting fails, log the class of the error."""
        # A library may set the level of its own logger, which overrides the root's.
        if record.levelno < logging.WARNING and record.name.partition(".")[0] not in _AT_LOG_LEVEL:
            return
        try:
            text = self.format(record)
        except (TypeError, ValueError, KeyError) as error:
            report(LogLineMalformed(source=record.name, error=type(error).__name__))
        else:
            self._write(text)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a library's record."""
        facts: Line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            facts["exc_info"] = record.exc_info
        return self._renderer(structlog.processors.format_exc_info(None, "", facts))


class Logger:
    """The configuration set by ``configure_logging`` for this process: the handler, and the minimum severity."""

    def __init__(self) -> None:
        """Start without a handler."""
        self.handler: _LineHandler | None = None
        self.severity = logging.INFO


LOGGER: Final = Logger()
