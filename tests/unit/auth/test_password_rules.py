"""The rules by which new passwords are refused."""

import unicodedata

import pytest

from doorward.domain.auth.passwords.exceptions import (
    PasswordBlankError,
    PasswordIsNameError,
    PasswordLengthError,
    PasswordNotTextError,
    PasswordTooCommonError,
)
from doorward.domain.auth.passwords.policy import check_new_password, normalize_password
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


def test_the_list_of_common_passwords_has_at_least_3000_entries() -> None:
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


def test_the_common_list_is_normalised_and_case_folded() -> None:
    assert {normalize_password(entry).casefold() for entry in COMMON} == COMMON


@pytest.mark.parametrize("password", ["password", "PASSWORD", "PassWord", "1234567890", "\uff50\uff41\uff53\uff53word"])
def test_a_common_password_is_refused_in_any_case_and_width(password: str) -> None:
    with pytest.raises(PasswordTooCommonError):
        _check(password)


@pytest.mark.parametrize("password", ["Ada.Lovelace", "ada.lovelace", "ADA.LOVELACE"])
def test_the_users_own_name_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(PasswordIsNameError):
        _check(password)


@pytest.mark.parametrize("password", ["countess@example.com", "Countess@Example.COM"])
def test_the_users_own_email_address_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(PasswordIsNameError):
        _check(password)


@pytest.mark.parametrize("password", ["countess", "COUNTESS"])
def test_the_local_part_of_the_address_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(PasswordIsNameError):
        _check(password)


@pytest.mark.parametrize("password", ["my name is Ada.Lovelace", "countess of something"])
def test_a_password_that_only_contains_the_name_is_accepted(password: str) -> None:
    _check(password)


@pytest.mark.parametrize(
    "password",
    ["onlylowercaseletters", "ONLYUPPERCASELETTERS", "83920175640021", "        spaces", "!?!?§$%&/()=", "+-@._ -+"],
)
def test_there_are_no_composition_rules(password: str) -> None:
    _check(password)


def test_composed_and_decomposed_passwords_are_equal() -> None:
    composed, decomposed = (unicodedata.normalize(form, "crème brûlée") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert normalize_password(composed) == normalize_password(decomposed)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param(" " * 8, id="spaces"),
        pytest.param("\u3000" * 8, id="ideographic spaces"),
        pytest.param("\x00" * 8, id="NULs"),
        pytest.param("\t\r\n\x0b\x0c \x85\u2028", id="control characters and line ends"),
        pytest.param("\u200b" * 8, id="zero-width spaces"),
        pytest.param("\u00ad\u2060\ufeff\u200d" * 2, id="format characters"),
        pytest.param("\u3164" * 8, id="Hangul fillers"),
        pytest.param("\u2800" * 8, id="blank Braille"),
        pytest.param("\u034f\ufe0f" * 4, id="joiners and variation selectors"),
        pytest.param("\U000e0041" * 8, id="tags"),
        pytest.param(" ", id="one space"),
    ],
)
def test_an_invisible_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordBlankError):
        _check(password)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("\u1112\u1161\u11ab" * 3, id="nine jamo, three syllables"),
        pytest.param("e\u0301" * 7, id="seven letters with accents"),
        pytest.param("vqz7kxw" + "\u200b" * 8, id="seven letters and zero-width spaces"),
        pytest.param("vq\x00\x00\x00\x00\x00z", id="three letters and NULs"),
        pytest.param("\U0001f511\ufe0f" * 7, id="seven emoji with selectors"),
        pytest.param("\ufdfa" * 15, id="more than 256 after normalisation"),
        pytest.param("e\u0301" * 257, id="257 letters with accents"),
        pytest.param("v" * 1025, id="too long to be normalised"),
    ],
)
def test_the_length_counts_visible_characters_after_normalisation(password: str) -> None:
    with pytest.raises(PasswordLengthError):
        _check(password)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("\u1112\u1161\u11ab" * 8, id="eight syllables of jamo"),
        pytest.param("e\u0301" * 256, id="256 letters with accents"),
        pytest.param("\u00e9" * 256, id="256 composed letters with accents"),
        pytest.param("\U0001fae9" * 8, id="emoji unknown to this Python"),
        pytest.param("vqz kxw\u200b p", id="nine characters with spaces"),
    ],
)
def test_a_password_that_is_long_enough_after_normalisation_is_accepted(password: str) -> None:
    _check(password)


def test_more_than_30_combining_marks_in_a_row_are_refused() -> None:
    _check("correct horse" + "\u0316" * 30)
    with pytest.raises(PasswordNotTextError):
        _check("correct horse" + "\u0316" * 31)


@pytest.mark.parametrize(
    "password",
    [
        "Ada.LovelaceAda.Lovelace",
        "ecalevoL.adA",
        "adalovelace",
        "ada lovelace",
        "Ada_Lovelace+Ada-Lovelace",
        "ada\u200blovelace",
        "countesscountess",
        "ssetnuoc",
        "ssetnuoccountess",
        "moc.elpmaxe@ssetnuoc",
        "countess@example.com countess@example.com",
        "ada.lovelace countess",
        "doorward",
        "DoorWard",
        "door-ward",
        "drawrood",
        "doorwarddoorward",
        "countess.doorward",
        "\uff44\uff4f\uff4f\uff52\uff57\uff41\uff52\uff44",
    ],
)
def test_names_repeated_reversed_joined_or_without_their_separators_are_refused(password: str) -> None:
    with pytest.raises(PasswordIsNameError):
        _check(password)


@pytest.mark.parametrize("password", ["ada.lovelace.1815", "the doorward of my house", "--------x", "lovelace&byron"])
def test_a_name_with_other_text_is_accepted(password: str) -> None:
    _check(password)


def test_a_name_with_a_sharp_s_is_refused_in_both_spellings() -> None:
    for password in ("STRASSENFEST", "stra\u00dfenfest", "tsefnessarts"):
        with pytest.raises(PasswordIsNameError):
            _check(password, email="stra\u00dfenfest@example.com")


@pytest.mark.parametrize("password", ["pass\u200bword", " password", "password   ", "\x00password"])
def test_a_common_password_with_invisible_characters_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommonError):
        _check(password)
