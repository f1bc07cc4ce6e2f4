"""What makes a secret one: length, irregularity, and never having been published."""

from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

DEVELOPMENT_SECRET_KEY: Final = "doorward-development-secret-key-never-for-production"  # noqa: S105 - refused in production
"""Signs tokens in development when no SECRET_KEY is set. Published, so production refuses it."""

PUBLISHED_SECRETS: Final = frozenset(
    {DEVELOPMENT_SECRET_KEY, "doorward", "postgres", "password", "changeme", "change-me", "secret", "test"}
)
"""Values that this repository or common examples show: no secret at all. Compared without regard to case."""

MINIMUM_SECRET_BYTES: Final = 32
"""RFC 7518 section 3.2: an HMAC-SHA-256 key has at least the size of the hash output."""

MINIMUM_DISTINCT_CHARACTERS: Final = 12

GENERATE_A_SECRET: Final = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"  # noqa: S105 - a command


def flaw_of_secret_key(secret: str) -> str | None:
    """Return what keeps the value from being a root of keys, as the rest of a sentence, or None."""
    if not secret:
        return "is missing"
    if len(secret.encode()) < MINIMUM_SECRET_BYTES:
        return f"is shorter than {MINIMUM_SECRET_BYTES} bytes"
    if is_published(secret):
        return "is a published value that anybody can look up"
    if len(set(secret)) < MINIMUM_DISTINCT_CHARACTERS:
        return "is too regular to be random"
    return None


def is_published(password: str) -> bool:
    """Tell whether anybody can look the password up."""
    return password.lower() in PUBLISHED_SECRETS


def passwords_in(url: str) -> list[str]:
    """Return the passwords that a URL carries.

    Raises ``ValueError`` for one that cannot be read, without its parts: a badly written password spills into them.
    """
    try:
        parts = urlsplit(url)
        is_readable = parts.port != 0 and parts.netloc.count("@") <= 1
    except ValueError:
        is_readable = False
    if not is_readable:
        raise ValueError("cannot be read; percent-encode special characters in the user name and password")
    return [*([unquote(parts.password)] if parts.password else []), *parse_qs(parts.query).get("password", [])]
