"""Invalid arguments of `inv` tasks are reported in one line with the valid values, without a traceback."""

import argparse
import sys

import pytest
from invoke.main import program

from development import demo, server, token
from development.arguments import base_url, exit_with, port_number, require_yes
from development.proof import __main__ as proofs


def run_task(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run `inv` in this process; return its status."""
    monkeypatch.setattr(sys, "argv", ["inv", *arguments])
    with pytest.raises(SystemExit) as ended:
        program.run(["inv", *arguments])
    return ended.value.code if isinstance(ended.value.code, int) else 1


@pytest.mark.parametrize("task", ["token", "restore", "dev", "demo", "psql", "prove", "clean"])
def test_each_task_has_a_help_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], task: str
) -> None:
    assert run_task(monkeypatch, task, "--help") == 0
    assert f"Usage: inv[oke] [--core-opts] {task}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "--replicas", "two"], "--replicas takes a whole number, not 'two'"),
        (["clean"], "To do so without being asked: inv clean --yes"),
    ],
)
def test_a_task_reports_a_refusal_in_one_line(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    monkeypatch.setattr(sys, "argv", ["inv", *arguments])
    with pytest.raises(SystemExit) as ended:
        program.run(["inv", *arguments])
    assert message in str(ended.value.code)


@pytest.mark.parametrize("text", ["abc", "", "-1", "0", "65536", "8000.0", "\u0663"])
def test_an_invalid_port_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="Example: 8001"):
        port_number(text)


def test_inv_dev_refuses_an_invalid_port_before_it_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["inv dev", "--port", "abc"])
    with pytest.raises(SystemExit) as ended:
        server.main()
    assert ended.value.code == 2
    assert "inv dev: error: argument --port: 'abc' is no number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("localhost:8642", "http://localhost:8642"),
        ("auth.example.com//", "http://auth.example.com"),
        ("https://auth.example.com/below/", "https://auth.example.com/below"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_url_is_accepted_with_or_without_scheme_and_slash(text: str, url: str) -> None:
    assert base_url(text) == url


@pytest.mark.parametrize("text", ["", "ftp://x", "http://", "http://x:port", "http://x:0", "http://[::1", "a b"])
def test_an_invalid_url_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="Example: http://localhost:8000"):
        base_url(text)


@pytest.mark.parametrize(("main", "arguments"), [(demo.main, []), (token.main, ["--username", "ada"])])
def test_a_task_with_an_invalid_url_reports_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], main: object, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["inv", *arguments, "--url", "http://x:port"])
    assert callable(main)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "is no address of a service" in capsys.readouterr().err


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, EOFError])
def test_an_interrupted_task_ends_with_status_130(interrupt: type[BaseException]) -> None:
    def main() -> int:
        raise interrupt

    with pytest.raises(SystemExit) as ended:
        exit_with(main)
    assert ended.value.code == 130


@pytest.mark.parametrize("answer", ["yes", "y", "", EOFError, KeyboardInterrupt])
def test_only_yes_is_a_confirmation(monkeypatch: pytest.MonkeyPatch, answer: str | type[BaseException]) -> None:
    def reply(_: str) -> str:
        if isinstance(answer, str):
            return answer
        raise answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", reply)
    if answer == "yes":
        require_yes("inv clean", "This deletes everything.")
        return
    with pytest.raises(SystemExit, match="inv clean: nothing was done"):
        require_yes("inv clean", "This deletes everything.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "nonsense"], "--only takes one of model, faults, kills"),
        (["--kills", "many"], "--kills takes a whole number, not 'many'"),
    ],
)
def test_the_proofs_report_an_invalid_argument_in_one_line(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["inv prove", *arguments])
    with pytest.raises(SystemExit) as ended:
        proofs.main()
    assert message in str(ended.value.code)
