"""The log has one JSON object per line, with the correlation ID of the request."""

import asyncio
import contextvars
import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from doorward.observability.logging import (
    MAXIMUM_LINE,
    configure_logging,
    dropped_lines,
    flush_log,
    log,
)
from doorward.observability.request_context import begin_request, bind_session, current_correlation_id


@pytest.fixture(autouse=True)
def restored_request() -> Iterator[None]:
    yield
    begin_request()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_one_json_object_with_event_facts_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    log("info", "something.happened", number=1, text="two\nlines")
    (line,) = _lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "something.happened", "number": 1, "text": "two\\nlines", "level": "info"}


def test_lines_below_the_level_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    log("info", "quiet")
    log("warning", "loud")
    assert [line["event"] for line in _lines(capsys)] == ["loud"]


def test_the_correlation_id_is_on_every_line_after_it_was_bound(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    begin_request(correlation_id="abc")
    log("info", "ours")
    logging.getLogger("another.library").warning("theirs")
    assert [line["correlation_id"] for line in _lines(capsys)] == ["abc", "abc"]
    assert current_correlation_id() == "abc"


def test_a_request_has_no_values_of_the_previous_one(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    session, user = uuid4(), uuid4()
    begin_request(correlation_id="first")
    bind_session(session_id=session, user_id=user)
    log("info", "something.happened")
    begin_request(correlation_id="second")
    log("info", "something.happened")
    first, second = _lines(capsys)
    assert (first["session_id"], first["user_id"]) == (str(session), str(user))
    assert (second["correlation_id"], "session_id" in second, "user_id" in second) == ("second", False, False)


async def test_concurrent_requests_have_separate_correlation_ids() -> None:
    async def request(number: int) -> str:
        begin_request(correlation_id=str(number))
        await asyncio.sleep(0)
        return current_correlation_id()

    assert await asyncio.gather(*map(request, range(5))) == [str(number) for number in range(5)]


def test_outside_a_request_there_is_no_correlation_id_and_no_session() -> None:
    def outside() -> str:
        bind_session(session_id=uuid4())
        return current_correlation_id()

    assert contextvars.Context().run(outside) == ""


def test_a_traceback_is_a_member_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    try:
        int("the cause")
    except ValueError:
        log("error", "it.broke", exc_info=True)
    (line,) = _lines(capsys)
    assert "ValueError: invalid literal for int() with base 10: 'the cause'" in line["exception"]


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error"])
def test_lines_of_uvicorn_have_the_same_format(capsys: pytest.CaptureFixture[str], name: str) -> None:
    logging.getLogger(name).handlers = [logging.StreamHandler(sys.stdout)]
    configure_logging("info", "json")
    logging.getLogger(name).info("Started %s", "server")
    (line,) = _lines(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("Started server", "info", name)


@pytest.mark.parametrize("name", ["botocore.parsers", "psycopg.pool", "asyncio", "a.library.of.next.year", "doorwards"])
@pytest.mark.parametrize("own_level", [logging.NOTSET, logging.DEBUG])
def test_libraries_are_logged_from_warnings_on_at_every_level(
    capsys: pytest.CaptureFixture[str], name: str, own_level: int
) -> None:
    configure_logging("debug", "json")
    library = logging.getLogger(name)
    library.setLevel(own_level)
    library.debug("quiet")
    library.info("quiet")
    library.warning("loud")
    library.setLevel(logging.NOTSET)
    assert [line["event"] for line in _lines(capsys)] == ["loud"]


@pytest.mark.parametrize("name", ["doorward", "uvicorn", "uvicorn.error"])
def test_our_own_lines_and_uvicorns_are_logged_from_the_configured_level_on(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for level, logged in (("debug", ["debug", "info", "error"]), ("info", ["info", "error"]), ("error", ["error"])):
        configure_logging(level, "json")
        for each in ("debug", "info", "error"):
            logging.getLogger(name).log(logging.getLevelNamesMapping()[each.upper()], each)
        assert [line["event"] for line in _lines(capsys)] == logged


def test_a_level_above_warnings_applies_to_libraries_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("error", "json")
    logging.getLogger("another.library").warning("quiet")
    assert _lines(capsys) == []


def test_the_console_style_does_not_print_the_local_variables_of_a_crash(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "console")
    password = "a password in a local variable"
    try:
        int("the cause")
    except ValueError:
        log("error", "it.broke", exc_info=True)
    assert password not in capsys.readouterr().out


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    configure_logging("info", "json")
    log("info", "ours")
    logging.getLogger("another.library").warning("theirs")
    assert len(_lines(capsys)) == 2


def test_the_console_style_contains_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "console")
    log("info", "something.happened", number=1)
    assert "something.happened" in capsys.readouterr().out


def test_a_secret_in_the_message_or_the_arguments_of_a_library_is_not_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "json")
    logging.getLogger("uvicorn.error").info("GET /?access_token=%s\nforged", "dwr_abcdefghijkl")
    (line,) = _lines(capsys)
    assert line["event"] == "GET /?access_token=[redacted]\\nforged"


def test_a_secret_in_a_traceback_is_not_written_and_the_traceback_stays_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "json")
    try:
        int("postgresql://doorward:hunter2@db/doorward refused\x1b[31m")
    except ValueError:
        log("error", "it.broke", exc_info=True)
        logging.getLogger("another.library").exception("theirs")
    for line in _lines(capsys):
        assert "hunter2" not in line["exception"]
        assert "\x1b" not in line["exception"]
        assert "postgresql://doorward:[redacted]@db/doorward refused" in line["exception"]


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_line_has_no_line_breaks_and_a_bounded_length_for_any_values(
    capsys: pytest.CaptureFixture[str], style: Any
) -> None:
    configure_logging("info", style)
    log("info", "something.happened", **{f"value{number}": "\u2028\r\n😀" * 10**5 for number in range(20)})
    (written,) = capsys.readouterr().out.splitlines()
    assert "something.happened" in written
    assert len(written) <= MAXIMUM_LINE


def test_a_shortened_line_is_marked_and_keeps_its_event_and_correlation_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    begin_request(correlation_id="abc")
    log("info", "something.happened", **{f"value{number}": "ä" * 2000 for number in range(20)})
    (line,) = _lines(capsys)
    assert (line["event"], line["correlation_id"], line["level"]) == ("something.happened", "abc", "info")
    assert "characters" in line["shortened"]


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("never fails the request")


@pytest.mark.parametrize("value", [Unprintable(), 10**5000], ids=["a failing __str__", "a number of 5001 digits"])
def test_an_unprintable_value_is_marked_and_raises_nothing(capsys: pytest.CaptureFixture[str], value: object) -> None:
    configure_logging("info", "json")
    log("info", "something.happened", value=value)
    (line,) = _lines(capsys)
    assert line["event"] == "something.happened"
    assert "unprintable" in line["shortened"]


def test_a_malformed_log_call_of_a_library_is_reported_and_does_not_raise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "json")
    logging.getLogger("another.library").warning("%d", "a password for a number")
    (line,) = _lines(capsys)
    assert (line["event"], line["source"], line["error"]) == ("log.line_malformed", "another.library", "TypeError")
    assert "a password for a number" not in json.dumps(line)


def test_a_warning_of_python_is_a_line_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        configure_logging("info", "json")
        warnings.warn("something is deprecated", RuntimeWarning, stacklevel=1)
    (line,) = _lines(capsys)
    assert "something is deprecated" in line["event"]
    assert line["logger"] == "py.warnings"


def test_a_line_is_written_to_a_file_descriptor_without_waiting_for_its_reader(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        configure_logging("info", "json", stream=stream)
        log("info", "something.happened")
        flush_log(60)
        assert json.loads((tmp_path / "log").read_text(encoding="utf-8"))["event"] == "something.happened"
        assert dropped_lines() == 0
        configure_logging("info", "json", stream=io.StringIO())


def test_private_fields_are_those_of_the_setting(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", ["birth"])
    log("info", "something.happened", date_of_birth="1815-12-10", email="shown", password="never")
    (line,) = _lines(capsys)
    assert (line["date_of_birth"], line["email"], line["password"]) == ("[redacted]", "shown", "[redacted]")
