"""White space in typed user names and addresses, and what sign-up refuses."""

import pytest

from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError, UsernameReservedError
from doorward.domain.auth.users.identifiers import (
    canonical_email,
    canonical_username,
    display_username,
    is_email,
    read_new_email,
    read_new_username,
    without_separators,
)
from doorward.settings.registration import RESERVED_USERNAMES

RESERVED = frozenset(map(without_separators, RESERVED_USERNAMES))

WHITE_SPACE = {
    "space": " ",
    "tab": "\t",
    "line feed": "\n",
    "carriage return and line feed": "\r\n",
    "no-break space": "\u00a0",
    "narrow no-break space": "\u202f",
    "ideographic space": "\u3000",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "embedding of a contact list": "\u202a",
    "isolates": "\u2068\u2069",
    "several": " \u00a0\u200b\n",
}


@pytest.mark.parametrize("space", WHITE_SPACE.values(), ids=WHITE_SPACE)
def test_white_space_around_a_user_name_is_trimmed_and_inside_it_is_refused(space: str) -> None:
    for typed in (f"Ada{space}", f"{space}Ada", f"{space}Ada{space}"):
        assert read_new_username(typed, reserved=()) == display_username(typed) == "Ada"
        assert canonical_username(typed) == "ada"
    with pytest.raises(InvalidUsernameError):
        canonical_username(f"a{space}da")


@pytest.mark.parametrize("space", WHITE_SPACE.values(), ids=WHITE_SPACE)
def test_white_space_around_an_address_is_trimmed_and_inside_it_is_refused(space: str) -> None:
    for typed in (f"Ada@example.com{space}", f"{space}Ada@example.com", f"{space}Ada@example.com{space}"):
        assert read_new_email(typed, allows_special_domains=False).shown == "Ada@example.com"
        assert is_email(typed)
        assert canonical_email(typed) == "ada@example.com"
    for inside in (f"ada{space}@example.com", f"ada@{space}example.com", f"a{space}da@example.com"):
        with pytest.raises(InvalidEmailError):
            canonical_email(inside)


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u00ad", "\u3164", "\u2800", "\U000e0041", "\u0301"])
def test_other_characters_are_not_trimmed(character: str) -> None:
    with pytest.raises(InvalidUsernameError):
        canonical_username(f"ada{character}")


def test_white_space_does_not_hide_the_at_sign_of_an_address() -> None:
    assert is_email(" " * 700 + "ada@example.com")


@pytest.mark.parametrize(
    "address",
    [
        "ada@localhost",
        "ada@srv01",
        "ada@nas.local",
        "ada@Nas.LOCAL",
        "ada@example.test",
        "ada@test",
        "ada@example.invalid",
        "ada@x.localhost",
        "ada@b\u00fccher.local",
    ],
)
def test_special_domains_are_accepted_only_with_the_setting(address: str) -> None:
    with pytest.raises(InvalidEmailError):
        read_new_email(address, allows_special_domains=False)
    accepted = read_new_email(address, allows_special_domains=True)
    assert accepted.shown == accepted.key == address.lower()


@pytest.mark.parametrize(
    "address", ["ada@example.com", "ada@mail.internal", "ada@b\u00fccher.example", "ada@localhost.com"]
)
def test_other_domains_need_no_setting(address: str) -> None:
    assert read_new_email(address, allows_special_domains=False).shown == address


def test_login_accepts_a_special_domain_with_any_setting() -> None:
    assert canonical_email("Ada@NAS.local") == "ada@nas.local"


@pytest.mark.parametrize(
    ("accepted", "refused"),
    [("a" * 64, "a" * 65), ("\u00e9" * 32, "\u00e9" * 32 + "a"), ("a" * 64, "\u0430" * 33)],
    ids=["ASCII", "letters of two bytes", "Cyrillic"],
)
def test_sign_up_accepts_64_bytes_before_the_at_sign(accepted: str, refused: str) -> None:
    assert read_new_email(f"{accepted}@example.com", allows_special_domains=False).key == f"{accepted}@example.com"
    with pytest.raises(InvalidEmailError):
        read_new_email(f"{refused}@example.com", allows_special_domains=False)


def test_a_longer_local_part_of_an_existing_account_is_still_accepted() -> None:
    assert canonical_email("a" * 65 + "@example.com") == "a" * 65 + "@example.com"


@pytest.mark.parametrize(
    "name", ["admin", "Admin", "ROOT", "null", "api", "m.e", "no-reply", "No_Reply", "mailerdaemon", "a.d.m.i.n"]
)
def test_reserved_names_are_refused_in_any_case_and_with_any_separators(name: str) -> None:
    with pytest.raises(UsernameReservedError):
        read_new_username(name, reserved=RESERVED)
    assert canonical_username(name) == name.lower()


@pytest.mark.parametrize("name", ["ada", "roots", "administratrix", "api2", "nulla", "test", "demo", "user"])
def test_other_names_are_not_reserved(name: str) -> None:
    assert read_new_username(name, reserved=RESERVED) == name


@pytest.mark.parametrize("name", ["-dash", "dash-", ".ada", "ada.", "_ada", "ada_", "...", "---"])
def test_sign_up_refuses_a_separator_at_an_end_and_login_does_not(name: str) -> None:
    with pytest.raises(InvalidUsernameError):
        read_new_username(name, reserved=())
    assert canonical_username(name) == name
