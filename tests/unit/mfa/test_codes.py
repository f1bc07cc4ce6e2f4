"""The formats in which codes may be typed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.mfa.policy import (
    ALPHABET,
    CODES_OF_A_USER,
    MAXIMUM_CODE_LENGTH,
    new_recovery_codes,
    read_recovery_code,
    read_totp_code,
)


def test_a_user_has_ten_different_recovery_codes() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == len(codes) == CODES_OF_A_USER == 10
    assert all(re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{2}}", code) for code in codes)


def test_every_character_of_the_alphabet_is_used() -> None:
    drawn = {character for _ in range(100) for code in new_recovery_codes() for character in code}
    assert drawn == {*ALPHABET, "-"}


@pytest.mark.parametrize(
    "typed", ["7K3M-Q2XV-9TDA", "7k3m-q2xv-9tda", "7K3MQ2XV9TDA", " 7K3M Q2XV 9TDA ", "7-K-3-M-Q-2-X-V-9-T-D-A"]
)
def test_a_recovery_code_is_read_in_any_case_and_with_any_separators(typed: str) -> None:
    assert read_recovery_code(typed) == "7K3MQ2XV9TDA"


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert read_recovery_code("OoIi-LlQ2-XV9T") == "00111" + "1Q2XV9T"


@pytest.mark.parametrize(
    "typed", ["", "7K3M", "7K3M-Q2XV-9TD", "7K3M-Q2XV-9TDAA", "7K3M-Q2XV-9TDU", "123456", "\u00e9" * 12]
)
def test_an_invalid_recovery_code_is_read_as_none(typed: str) -> None:
    assert read_recovery_code(typed) is None


@given(st.text())
def test_reading_a_recovery_code_is_idempotent(typed: str) -> None:
    code = read_recovery_code(typed)
    assert code is None or read_recovery_code(code) == code


@pytest.mark.parametrize("typed", ["123456", "123 456", " 123-456 "])
def test_a_totp_code_may_be_typed_in_groups(typed: str) -> None:
    assert read_totp_code(typed) == "123456"


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "12345x", "\u0661\u0662\u0663\u0664\u0665\u0666", "7K3M-Q2XV-9TDA"]
)
def test_an_invalid_totp_code_is_read_as_none(typed: str) -> None:
    assert read_totp_code(typed) is None


def test_a_code_with_too_many_separators_is_refused() -> None:
    assert read_totp_code("1-" * (MAXIMUM_CODE_LENGTH // 2 - 6) + "123456") is None
    assert read_totp_code("-" * MAXIMUM_CODE_LENGTH + "123456") is None
    assert read_recovery_code("-" * MAXIMUM_CODE_LENGTH + "7K3MQ2XV9TDA") is None
