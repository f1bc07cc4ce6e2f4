"""Arguments of `inv` tasks: checked, with one line that says what is wrong."""

import argparse
import sys
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from invoke.parser.argument import Argument
from invoke.tasks import Task

HIGHEST_PORT: Final = 65535
INTERRUPTED: Final = 130


class TaskWithHelp(Task[Any]):
    """A task with an argument that must be given. Invoke asks for it even where only help is wanted."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: FBT001 - Invoke's signature
        """Return the arguments, which need no value beside --help."""
        arguments = super().get_arguments(ignore_unknown_help)
        if {"-h", "--help"} & set(sys.argv):
            for argument in arguments:
                argument.default = argument.default or ""
        return arguments


def exit_with(main: Callable[[], int]) -> None:
    """End the process with the status of ``main``; after Ctrl+C or Ctrl+D with that of shells, without a traceback."""
    try:
        sys.exit(main())
    except (KeyboardInterrupt, EOFError):
        print()
        sys.exit(INTERRUPTED)


def port_number(text: str) -> int:
    """Return a port, for argparse. Raises ``argparse.ArgumentTypeError``."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {HIGHEST_PORT}. Example: 8001")
    return int(text)


def base_url(text: str) -> str:
    """Return where a service runs, without a slash at the end, for argparse. Without a scheme it is HTTP.

    Raises ``argparse.ArgumentTypeError``.
    """
    url = (text if "://" in text else f"http://{text}").rstrip("/")
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or any(character.isspace() for character in url):
        raise argparse.ArgumentTypeError(f"{text!r} is no address of a service. Example: http://localhost:8000")
    return url


def whole_number(option: str, text: str) -> int:
    """Return the number; end the process with one line if it is none."""
    if not text.isascii() or not text.isdecimal():
        sys.exit(f"{option} takes a whole number, not {text!r}. Example: {option} 2")
    return int(text)


def given(option: str, text: str) -> list[str]:
    """Return the option with its value as arguments of a command, or nothing where it has none."""
    return [option, text] if text else []


def one_of(option: str, text: str, choices: list[str]) -> str:
    """Return the text; end the process with one line if it is none of these."""
    if text not in choices:
        sys.exit(f"{option} takes one of {', '.join(choices)}, not {text!r}")
    return text


def require_yes(task: str, question: str) -> None:
    """Ask, and end the process unless the answer is yes. Without a terminal to ask at, end with the remedy."""
    if not sys.stdin.isatty():
        sys.exit(f"{task}: {question} To do so without being asked: {task} --yes")
    try:
        answer = input(f"{question} Type yes: ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
        print()
    if answer != "yes":
        sys.exit(f"{task}: nothing was done")
