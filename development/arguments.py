"""Validation of the arguments of `inv` tasks, with one-line error messages."""

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
    """A task with a required argument. Invoke itself requires the argument even with --help."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: FBT001 - Invoke's signature
        """Return the arguments; with --help, none of them needs a value."""
        arguments = super().get_arguments(ignore_unknown_help)
        if {"-h", "--help"} & set(sys.argv):
            for argument in arguments:
                argument.default = argument.default or ""
        return arguments


def exit_with(main: Callable[[], int]) -> None:
    """Exit with the status of ``main``; on Ctrl+C or Ctrl+D with the shells' status, without a traceback."""
    try:
        sys.exit(main())
    except (KeyboardInterrupt, EOFError):
        print()
        sys.exit(INTERRUPTED)


def port_number(text: str) -> int:
    """Parse a port number for argparse. Raises ``argparse.ArgumentTypeError``."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {HIGHEST_PORT}. Example: 8001")
    return int(text)


def base_url(text: str) -> str:
    """Parse the base URL of a service for argparse, without a trailing slash; the default scheme is HTTP.

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
    """Parse a whole number; exit with a one-line message if the text is not one."""
    if not text.isascii() or not text.isdecimal():
        sys.exit(f"{option} takes a whole number, not {text!r}. Example: {option} 2")
    return int(text)


def given(option: str, text: str) -> list[str]:
    """Return the option and its value as command-line arguments, or an empty list if the value is empty."""
    return [option, text] if text else []


def one_of(option: str, text: str, choices: list[str]) -> str:
    """Return the text; exit with a one-line message if it is not one of the choices."""
    if text not in choices:
        sys.exit(f"{option} takes one of {', '.join(choices)}, not {text!r}")
    return text


def require_yes(task: str, question: str) -> None:
    """Ask for confirmation, and exit unless the answer is yes. Without a terminal, exit and name the option --yes."""
    if not sys.stdin.isatty():
        sys.exit(f"{task}: {question} To do so without being asked: {task} --yes")
    try:
        answer = input(f"{question} Type yes: ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
        print()
    if answer != "yes":
        sys.exit(f"{task}: nothing was done")
