"""`inv up`: secrets are made on first use and kept in `.env`; the example's are never used."""

import re
import secrets
from pathlib import Path
from typing import Final

ENVIRONMENT_FILE: Final = Path(".env")
EXAMPLE_FILE: Final = Path(".env.example")
GENERATED: Final = ("SECRET_KEY", "POSTGRES_PASSWORD")
KEY_FILE: Final = "SECRET_KEY_FILE"
KEY_STORE: Final = "AWS_SECRETS_MANAGER_SECRET_NAME"
SECRET_BYTES: Final = 48


def ensure_secrets() -> list[str]:
    """Give each secret in `.env` that is missing or empty a random value; return the names of those made.

    A key that is kept elsewhere, in a file or at AWS, is left there.
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
        ENVIRONMENT_FILE.touch(mode=0o600)
        ENVIRONMENT_FILE.write_text(text, encoding="utf-8")
    return made


def is_set(name: str) -> bool:
    """Tell whether `.env` gives the setting a value."""
    return bool(re.search(rf"^{name}=\S+", _text(), re.MULTILINE))


def _text() -> str:
    source = ENVIRONMENT_FILE if ENVIRONMENT_FILE.exists() else EXAMPLE_FILE
    return source.read_text(encoding="utf-8")


if __name__ == "__main__":
    for made_name in ensure_secrets():
        print(f"inv up: made a random {made_name} in .env")
