"""The rules of passkeys: counters, names, transports."""

import pytest

from doorward.domain.passkeys.exceptions import InvalidPasskeyNameError
from doorward.domain.passkeys.policy import DEFAULT_NAME, clean_name, known_transports


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" My phone ", "My phone"),
        ("Schlu\u0308ssel", "Schl\u00fcssel"),
        ("x" * 64, "x" * 64),
        ("\U0001f511", "\U0001f511"),
        ("", DEFAULT_NAME),
        ("  ", DEFAULT_NAME),
        ("\u200b\u2800", DEFAULT_NAME),
    ],
)
def test_a_name_is_stored_trimmed_and_composed(typed: str, stored: str) -> None:
    assert clean_name(typed) == stored


@pytest.mark.parametrize("typed", ["x" * 65, "a\nb", "a\x00b", "a\ud800", "a" + "\u0301" * 40, "e\u0301" * 600])
def test_other_names_are_refused(typed: str) -> None:
    with pytest.raises(InvalidPasskeyNameError):
        clean_name(typed)


def test_transports_of_the_standard_are_kept_without_duplicates() -> None:
    assert known_transports(["internal", "usb", "cable", "usb", "USB"]) == ["usb", "internal"]
