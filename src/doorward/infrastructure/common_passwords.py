"""The list of common passwords: the 8,000 of 8 characters and more among Royce Williams' 20,000 most common.

The list is the one that Django ships (django.contrib.auth, BSD licence), reduced to passwords that are long enough.
"""

from functools import cache
from importlib import resources


@cache
def load_common_passwords() -> frozenset[str]:
    """Return the passwords to refuse, each case-folded."""
    text = resources.files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.splitlines())
