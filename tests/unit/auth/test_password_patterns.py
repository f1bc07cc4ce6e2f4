"""Passwords made of one common word and the usual additions, and passwords that only look like them."""

import pytest

from doorward.domain.auth.passwords.exceptions import PasswordTooCommonError
from doorward.domain.auth.passwords.patterns import is_common_pattern
from doorward.domain.auth.passwords.policy import check_new_password
from doorward.infrastructure.common_passwords import load_common_passwords

COMMON = load_common_passwords()

COMMON_PATTERNS = [
    "Passw0rd!",
    "P@ssw0rd123",
    "Pa$$w0rd2024",
    "P4ssword!!",
    "Summer2024!",
    "summer2024",
    "Summer#2024",
    "Summer_2024",
    "5umm3r2024!",
    "2024Winter!",
    "Autumn24!",
    "September2025",
    "Monday123!",
    "Sommer2024!",
    "Passwort1!",
    "Qwerty123!",
    "Qwertz12345",
    "Azerty2024",
    "Asdfgh12!",
    "1qaz2wsx!",
    "Welcome1!",
    "Welcome@123",
    "W3lcome2024",
    "Letmein123!",
    "L3tm31n!",
    "Admin123!",
    "Adm1n2024!",
    "!!admin2024!!",
    "Test1234!",
    "Changeme1",
    "Liverpool1!",
    "1iverpoo1!",
    "Sunshine99!",
    "Dragon1234567890",
    "!1234567890!Dragon",
    "Dragon!1234567890!",
    "monkeymonkey1",
    "Password 2024!",
    "Doorward2024!",
    "Hello 12345",
]

FALSE_POSITIVES = [
    "correct horse battery",
    "summer rain on tin roofs",
    "password manager of my aunt",
    "winterreise op. 89",
    "my2024summer-in-oslo",
    "monday never 2 soon",
    "qwertyuncle-9-lamps",
    "mayflower-4711-b",
    "testament of youth",
    "adminerva-17",
    "marchpane!77",
    "passepartout 80 days",
    "welcometothejungle87x",
    "vqz7kxwp",
    "83920175640021",
    "dragonfly-soup-31",
    "rootbeer&lamps",
    "novembre-gris-1871",
    "summer83920175640021",
    "tHe-9-lives-of-1-cat",
    "\u590f\u5929\u7684\u96e8\u4e0b\u4e86\u4e00\u591c",
    "\U0001f511" * 8,
]


@pytest.mark.parametrize("password", COMMON_PATTERNS)
def test_a_common_word_with_the_usual_additions_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommonError):
        check_new_password(password, username="ada.lovelace", email="countess@example.com", common_passwords=COMMON)


@pytest.mark.parametrize("password", FALSE_POSITIVES)
def test_a_password_that_only_contains_a_common_word_is_accepted(password: str) -> None:
    check_new_password(password, username="ada.lovelace", email="countess@example.com", common_passwords=COMMON)


@pytest.mark.parametrize("additions", ["2024", "!", "123!", "#24", "12345", "1234567890", "1111111", "!!!2024!!!"])
def test_an_addition_is_recognised_before_and_after_the_word(additions: str) -> None:
    assert is_common_pattern(f"summer{additions}", ())
    assert is_common_pattern(f"{additions}summer", ())


@pytest.mark.parametrize("additions", ["20241", "7!7!", "!!!!!!!", "83920175", "x", "a24", "\u0661\u0662"])
def test_longer_or_unusual_additions_are_no_common_pattern(additions: str) -> None:
    assert not is_common_pattern(f"summer{additions}", ())
