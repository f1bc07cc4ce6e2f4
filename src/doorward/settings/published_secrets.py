"""Detect values that are not secret, because this repository or common examples publish them, in any notation."""

import re
import unicodedata
from typing import Final

from doorward.core.secret_prefixes import TOKEN_PREFIX, WEBHOOK_SECRET_PREFIX

DEVELOPMENT_SECRET_KEY: Final = "doorward-development-secret-key-never-for-production"  # noqa: S105 - refused in production
"""The SECRET_KEY of development if none is set. It is published, so production refuses it."""

GENERATE_A_SECRET: Final = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"  # noqa: S105 - a command
OUTPUT_OF_GENERATOR: Final = f"the output of {GENERATE_A_SECRET}"
PREVIOUS_VALUE: Final = "the value that SECRET_KEY had before"
"""The documentation shows this in place of a secret."""

PUBLISHED_SECRETS: Final = frozenset(
    {
        DEVELOPMENT_SECRET_KEY,
        GENERATE_A_SECRET,
        OUTPUT_OF_GENERATOR,
        PREVIOUS_VALUE,
        *("doorward", "postgres", "postgresql", "password", "passwd", "changeme", "change-me", "change_me"),
        *("secret", "test", "example", "default", "admin", "root", "unused", "your-password", "yourpassword"),
        *("mysecretpassword", "hunter2", "s3cret", "correct horse battery staple"),
        *("/api/v1/account/email/verification", "/api/v1/account/passkeys/options"),
        "/api/v1/account/reauthenticate/options",
        "/api/v1/account/second-factors/recovery-codes",
        *("/api/v1/account/second-factors/totp", "/api/v1/account/second-factors/totp/confirm"),
        *("/api/v1/auth/second-factor/recovery-code", "/api/v1/auth/second-factor/passkey"),
    }
)
"""Words and phrases. They are compared after ``normalized``."""

_PUBLISHED_RANDOM: Final = (
    "q7rk2vxw9zs4tb6yc1nf8hd3gj5lm0pq",
    "0af7651916cd43dd8448eb211c80319c",
    "7d4e9f0c-5a80-4c41-9d2e-8f0b6a1c3e57",
    "e9ce879c-2f6c-4d0a-9d5f-6a1f7d1f4b11",
)
"""Random values of examples and tests, as ``normalized`` returns them. A value that contains one is refused, too."""

_TOKEN: Final = re.compile(
    rf"{TOKEN_PREFIX}|{WEBHOOK_SECRET_PREFIX}"
    r"|eyj[^.]*\.|\$(?:2[abxy]|bcrypt-sha256|argon2[a-z]{1,2}|scrypt|firebase-scrypt|pbkdf2[a-z0-9-]*|p)\$"
    r"|(?:scrypt|pbkdf2_sha256)\$"
)
"""The prefix of a token or secret of this service, a JWT or a password hash. None of these is meant to be a key."""

_PLACEHOLDER: Final = re.compile(r"(?:<|\[|\{\{|\$\{|\$\()[\w.:-]*(?:>|\]|\}\}|\}|\))|\.{2,}|…+|x{4,}|\*{4,}")
_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb"


def normalized(value: str) -> str:
    """Return the value in the form for comparison: case-folded, without white space and surrounding quotes."""
    text = "".join(unicodedata.normalize("NFKC", value).split()).casefold()
    return text.strip(_QUOTES)


def is_published(value: str) -> bool:
    """Return whether the value is publicly known, or is a placeholder."""
    text = normalized(value)
    return (
        text in _NORMALIZED
        or any(each in text for each in _PUBLISHED_RANDOM)
        or _TOKEN.match(text) is not None
        or _PLACEHOLDER.fullmatch(text) is not None
    )


_NORMALIZED: Final = frozenset(map(normalized, PUBLISHED_SECRETS))
