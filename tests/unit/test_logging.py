"""The log: one JSON object a line, in which a request can be followed."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from doorward.core.logging import bind_correlation_id, configure_logging, current_correlation_id, get_logger


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    root, configuration = logging.getLogger(), structlog.get_config()
    level = root.level
    yield
    root.handlers = [handler for handler in root.handlers if type(handler) is not logging.StreamHandler]
    root.level = level
    structlog.configure(**configuration)
    structlog.contextvars.clear_contextvars()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_one_json_object_with_event_facts_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    get_logger().info("something.happened", number=1, text="two\nlines")
    (line,) = _lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "something.happened", "number": 1, "text": "two\nlines", "level": "info"}


def test_lines_below_the_level_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    get_logger().info("quiet")
    get_logger().warning("loud")
    assert [line["event"] for line in _lines(capsys)] == ["loud"]


def test_the_correlation_id_is_on_every_line_after_it_was_bound(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    bind_correlation_id("abc")
    get_logger().info("ours")
    logging.getLogger("somebody.elses").warning("theirs")
    assert [line["correlation_id"] for line in _lines(capsys)] == ["abc", "abc"]
    assert current_correlation_id() == "abc"


def test_binding_another_id_forgets_what_the_last_request_bound(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    bind_correlation_id("first")
    structlog.contextvars.bind_contextvars(user="of the first request")
    bind_correlation_id("second")
    get_logger().info("something.happened")
    (line,) = _lines(capsys)
    assert (line["correlation_id"], "user" in line) == ("second", False)


def test_outside_a_request_there_is_no_correlation_id() -> None:
    structlog.contextvars.clear_contextvars()
    assert current_correlation_id() == ""


def test_a_traceback_is_a_member_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    try:
        int("the cause")
    except ValueError:
        get_logger().exception("it.broke")
    (line,) = _lines(capsys)
    assert "ValueError: invalid literal for int() with base 10: 'the cause'" in line["exception"]


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error"])
def test_what_uvicorn_logs_has_the_same_shape(capsys: pytest.CaptureFixture[str], name: str) -> None:
    logging.getLogger(name).handlers = [logging.StreamHandler(sys.stdout)]
    configure_logging("info", "json")
    logging.getLogger(name).info("Started %s", "server")
    (line,) = _lines(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("Started server", "info", name)


@pytest.mark.parametrize("name", ["psycopg.pool", "alembic.runtime.migration", "asyncio"])
def test_talkative_libraries_are_heard_from_warnings_on(capsys: pytest.CaptureFixture[str], name: str) -> None:
    configure_logging("debug", "json")
    logging.getLogger(name).info("quiet")
    logging.getLogger(name).warning("loud")
    assert [line["event"] for line in _lines(capsys)] == ["loud"]


def test_the_console_style_does_not_print_the_local_variables_of_a_crash(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "console")
    password = "a password in a local variable"
    try:
        int("the cause")
    except ValueError:
        get_logger().exception("it.broke")
    assert password not in capsys.readouterr().out


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    configure_logging("info", "json")
    get_logger().info("ours")
    logging.getLogger("somebody.elses").warning("theirs")
    assert len(_lines(capsys)) == 2


def test_the_console_style_is_for_eyes(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "console")
    get_logger().info("something.happened", number=1)
    assert "something.happened" in capsys.readouterr().out
