"""Which new passwords are refused, and why."""

import unicodedata

import pytest

from doorward.domain.auth.exceptions import (
    PasswordIsNameError,
    PasswordLengthError,
    PasswordNotTextError,
    PasswordTooCommonError,
)
from doorward.domain.auth.policy import check_new_password, normalize_password
from doorward.infrastructure.common_passwords import load_common_passwords

COMMON = load_common_passwords()


def _check(password: str, *, username: str = "Ada.Lovelace", email: str = "countess@example.com") -> None:
    check_new_password(password, username=username, email=email, common_passwords=COMMON)


@pytest.mark.parametrize("password", ["", "a", "vqz7kxw", "\U0001f511" * 7, "é" * 7, "v" * 257, "\U0001f511" * 257])
def test_lengths_outside_8_to_256_code_points_are_refused(password: str) -> None:
    with pytest.raises(PasswordLengthError):
        _check(password)


@pytest.mark.parametrize("password", ["vqz7kxwp", "\U0001f511" * 8, "é" * 8, "v" * 256, "\U0001f511" * 256])
def test_lengths_from_8_to_256_code_points_are_accepted(password: str) -> None:
    _check(password)


@pytest.mark.parametrize("password", ["\ud800" * 8, "correct horse \udfff battery", "\ud83d\udd11 as two surrogates"])
def test_lone_surrogates_are_refused(password: str) -> None:
    with pytest.raises(PasswordNotTextError):
        _check(password)


def test_the_list_of_common_passwords_has_thousands() -> None:
    assert len(COMMON) >= 3000


def test_every_entry_of_the_common_list_is_refused() -> None:
    accepted = []
    for entry in COMMON:
        try:
            _check(entry)
        except PasswordTooCommonError:
            continue
        accepted.append(entry)
    assert accepted == []


def test_the_common_list_is_in_the_form_it_is_compared_in() -> None:
    assert {normalize_password(entry).casefold() for entry in COMMON} == COMMON


@pytest.mark.parametrize("password", ["password", "PASSWORD", "PassWord", "1234567890", "\uff50\uff41\uff53\uff53word"])
def test_a_common_password_is_refused_in_any_case_and_width(password: str) -> None:
    with pytest.raises(PasswordTooCommonError):
        _check(password)


@pytest.mark.parametrize("password", ["Ada.Lovelace", "ada.lovelace", "ADA.LOVELACE"])
def test_the_own_user_name_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(PasswordIsNameError):
        _check(password)


@pytest.mark.parametrize("password", ["countess@example.com", "Countess@Example.COM"])
def test_the_own_email_address_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(PasswordIsNameError):
        _check(password)


@pytest.mark.parametrize("password", ["countess", "COUNTESS"])
def test_the_part_before_the_at_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(PasswordIsNameError):
        _check(password)


@pytest.mark.parametrize("password", ["my name is Ada.Lovelace", "countess of something"])
def test_a_password_that_only_contains_the_name_is_accepted(password: str) -> None:
    _check(password)


@pytest.mark.parametrize(
    "password", ["onlylowercaseletters", "ONLYUPPERCASELETTERS", "83920175640021", "        spaces", "!?!?§$%&/()="]
)
def test_there_are_no_composition_rules(password: str) -> None:
    _check(password)


def test_a_password_is_one_password_composed_and_decomposed() -> None:
    composed, decomposed = (unicodedata.normalize(form, "crème brûlée") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert normalize_password(composed) == normalize_password(decomposed)
