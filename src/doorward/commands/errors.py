"""Errors of commands, with messages for a shell."""

from collections.abc import Mapping
from typing import Final

from doorward.core.exceptions import DomainError, ServiceUnavailableError
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.items.exceptions import (
    ImportRefusedError,
    InvalidCsvHeaderError,
    ItemOwnerGoneError,
    ItemQuotaReachedError,
    TooManyBadLinesError,
    TooManyLinesError,
)
from doorward.domain.keys.exceptions import (
    KeyRotationPendingError,
    SigningKeyNotFoundError,
    SigningKeysUnreadableError,
)
from doorward.domain.oauth.exceptions import ClientNotFoundError, ResourceNotFoundError, UnknownResourceError

REMEDIES: Final[Mapping[type[DomainError], str]] = {
    ClientNotFoundError: "List them: doorward client list.",
    ResourceNotFoundError: "List them: doorward resource list.",
    UnknownResourceError: "Add them first: doorward resource add URI.",
    ImportRefusedError: "Correct these lines, or leave them out with --skip-bad-lines:",
    InvalidCsvHeaderError: "Correct the first line, or name the column with --columns NAME:title.",
    ItemOwnerGoneError: "Name another owner with --owner.",
    ItemQuotaReachedError: "Raise QUOTA_PER_OWNER, or name another owner with --owner.",
    UserNotFoundError: "Check the spelling of the user name or the e-mail address, or register the user first.",
    KeyRotationPendingError: "Wait, or have it sign at once: doorward keys rotate --now",
    SigningKeyNotFoundError: "List them: doorward keys list",
    SigningKeysUnreadableError: (
        "List the former key in ENCRYPTION_KEYS (a former SECRET_KEY in SECRET_KEY_PREVIOUS), or replace all signing "
        "keys, which invalidates all tokens that they signed: doorward keys reset"
    ),
    TooManyBadLinesError: "Name another file.",
    TooManyLinesError: "Split the file, and import its parts.",
}
"""The remedy that a command adds to the message of a domain error."""

DATABASE_FAILED: Final = "PostgreSQL failed meanwhile. What was done until then stays so: run it again"


class CommandError(Exception):
    """The command cannot be completed. The message names the cause and the remedy."""


def command_error(error: DomainError) -> CommandError:
    """Return the command's error for a domain error: its message, the remedy, and the invalid parts of the input."""
    if isinstance(error, ServiceUnavailableError):
        return CommandError(DATABASE_FAILED)
    places = [f"{each.place.replace('/', ' ')}: {each.detail}" for each in error.input_errors]
    return CommandError("\n".join([f"{error.detail} {REMEDIES.get(type(error), '')}".rstrip(), *places]))
