"""`inv up`: creates missing secrets in `.env`; the values of the example file are never used."""

import os
import re
import secrets
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

ENVIRONMENT_FILE: Final = Path(".env")
EXAMPLE_FILE: Final = Path(".env.example")
GENERATED: Final = ("SECRET_KEY", "POSTGRES_PASSWORD")
KEY_FILE: Final = "SECRET_KEY_FILE"
KEY_STORE: Final = "AWS_SECRETS_MANAGER_SECRET_NAME"
SECRET_BYTES: Final = 48
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
"""The permission bits of group and others."""


class EnvironmentFileError(Exception):
    """Secrets cannot be stored in `.env`. The message is one line with cause and remedy."""


def ensure_secrets() -> list[str]:
    """Give each missing or empty secret in `.env` a random value; return the names of the new ones.

    A key that is stored in a file or at AWS is not created in `.env`. Raises ``EnvironmentFileError``.
    """
    text = _text()
    wanted = [name for name in GENERATED if name != "SECRET_KEY" or not (is_set(KEY_FILE) or is_set(KEY_STORE))]
    made = [name for name in wanted if not is_set(name)]
    for name in made:
        line = f"{name}={secrets.token_urlsafe(SECRET_BYTES)}"
        text, replaced = re.subn(rf"^{name}=.*$", line, text, count=1, flags=re.MULTILINE)
        if not replaced:
            text = f"{text.rstrip()}\n{line}\n"
    if made:
        _write(text)
    return made


def restrict_rights() -> bool:
    """Remove the permissions of other users on `.env`; return whether they had any.

    Raises ``EnvironmentFileError``.
    """
    _refuse_link()
    mode = stat.S_IMODE(ENVIRONMENT_FILE.stat().st_mode)
    if mode & OTHERS:
        ENVIRONMENT_FILE.chmod(mode & ~OTHERS)
    return bool(mode & OTHERS)


def is_set(name: str) -> bool:
    """Return whether `.env` gives the setting a value."""
    return bool(re.search(rf"^{name}=\S+", _text(), re.MULTILINE))


def _text() -> str:
    source = ENVIRONMENT_FILE if ENVIRONMENT_FILE.exists() else EXAMPLE_FILE
    return source.read_text(encoding="utf-8") if source.exists() else ""


def _write(text: str) -> None:
    """Replace `.env` by a new file that only its owner can access from the beginning."""
    _refuse_link()
    descriptor, name = tempfile.mkstemp(dir=ENVIRONMENT_FILE.parent, prefix=".env-", text=True)
    written = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if ENVIRONMENT_FILE.exists() and os.geteuid() == 0:
                # Run as root, keep the owner of the previous file.
                owner = ENVIRONMENT_FILE.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        written.replace(ENVIRONMENT_FILE)
    finally:
        written.unlink(missing_ok=True)


def _refuse_link() -> None:
    if ENVIRONMENT_FILE.is_symlink():
        raise EnvironmentFileError(
            ".env is a symbolic link, and secrets are not written through it. Put a file in its place"
        )


def main() -> int:
    """Create missing secrets and print what was done; return the exit status."""
    try:
        if ENVIRONMENT_FILE.exists() and restrict_rights():
            print("inv up: others could read .env; now only its owner can")
        for name in ensure_secrets():
            print(f"inv up: made a random {name} in .env")
    except (EnvironmentFileError, OSError) as error:
        print(f"inv up: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
