"""The canonical form of user names and e-mail addresses."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError
from doorward.domain.auth.users.identifiers import canonical_email, canonical_username, display_username, read_email

FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


@pytest.mark.parametrize("name", ["ada", "a" * 32, "Ada_Lovelace-1.0", "123", "..."])
def test_names_of_allowed_characters_are_unchanged(name: str) -> None:
    assert display_username(name) == name


@pytest.mark.parametrize("name", ["Ada", "ADA", "aDa", "ada", "Ada".translate(FULL_WIDTH), "ADA".translate(FULL_WIDTH)])
def test_all_spellings_of_a_name_are_equal(name: str) -> None:
    assert canonical_username(name) == "ada"


def test_a_full_width_name_is_shown_in_ascii_with_its_case() -> None:
    assert display_username("Ada_1".translate(FULL_WIDTH)) == "Ada_1"


@pytest.mark.parametrize("name", ["", "a", "ab", "a" * 33, "a" * 1000])
def test_lengths_outside_3_to_32_are_refused(name: str) -> None:
    with pytest.raises(InvalidUsernameError):
        display_username(name)


def test_the_length_is_checked_after_normalisation() -> None:
    with pytest.raises(InvalidUsernameError):
        display_username("a" * 31 + "\ufb01")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("\u0430da", id="Cyrillic a"),
        pytest.param("ad\u03b1", id="Greek alpha"),
        pytest.param("a\u200dda", id="zero width joiner"),
        pytest.param("ada\u00ad", id="soft hyphen"),
        pytest.param("ada\x00", id="NUL"),
        pytest.param("ada\r\nSet-Cookie", id="line break within"),
        pytest.param("ada lovelace", id="space"),
        pytest.param("ada\tlovelace", id="tab"),
        pytest.param("ada\u200blovelace", id="zero width space"),
        pytest.param("ada\u202elovelace", id="right-to-left override"),
        pytest.param("ada\ufefflovelace", id="byte order mark"),
        pytest.param(" \u200b\n", id="white space only"),
        pytest.param("ada@example", id="at sign"),
        pytest.param("ada\uff20example", id="full-width at sign"),
        pytest.param("ada\ufe6bexample", id="small at sign"),
        pytest.param("adä", id="umlaut"),
        pytest.param("ada\ud800", id="lone surrogate"),
        pytest.param("ada/..", id="slash"),
        pytest.param("ada%00", id="percent"),
        pytest.param("\u0661\u0662\u0663", id="Arabic digits"),
    ],
)
def test_a_name_with_other_characters_is_refused(name: str) -> None:
    with pytest.raises(InvalidUsernameError):
        display_username(name)


@given(text=st.text(max_size=40))
def test_an_accepted_name_is_ascii_and_its_canonical_form_is_stable(text: str) -> None:
    try:
        name = display_username(text)
    except InvalidUsernameError:
        return
    assert name.isascii()
    assert canonical_username(canonical_username(text)) == canonical_username(text) == name.lower()


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com",
        "ADA@EXAMPLE.COM",
        "Ada@Example.Com",
        "ada@example.com".translate(FULL_WIDTH),
        "ada\uff20example.com",
        "ada\ufe6bexample.com",
        "ada@example\uff0ecom",
    ],
)
def test_all_spellings_of_an_address_are_equal(address: str) -> None:
    assert canonical_email(address) == "ada@example.com"


def test_an_international_domain_and_its_ascii_form_are_equal() -> None:
    assert canonical_email("ada@b\u00fccher.example.com") == canonical_email("ada@xn--bcher-kva.example.com")


@pytest.mark.parametrize("address", ["ren\u00e9e@example.com", "ada@b\u00fccher.example.com", "\u00c9ve@example.com"])
def test_composed_and_decomposed_addresses_are_equal(address: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, address) for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert canonical_email(composed) == canonical_email(decomposed)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("", id="empty"),
        pytest.param("ada", id="no at sign"),
        pytest.param("@example.com", id="no local part"),
        pytest.param("ada@", id="no domain"),
        pytest.param("ada@example.com.", id="trailing dot"),
        pytest.param("ada@example..com", id="two dots"),
        pytest.param("ada.@example.com", id="dot before the at sign"),
        pytest.param("Ada <ada@example.com>", id="display name"),
        pytest.param('"ada"@example.com', id="quoted local part"),
        pytest.param('"a@b"@example.com', id="quoted at sign"),
        pytest.param("ada@[127.0.0.1]", id="IPv4 literal"),
        pytest.param("ada@[IPv6:::1]", id="IPv6 literal"),
        pytest.param("ada@127.0.0.1", id="IP address as the domain"),
        pytest.param("ada@127\u30020\u30020\u30021", id="IP address with ideographic full stops"),
        pytest.param("ada@b@example.com", id="two at signs"),
        pytest.param("ada\uff20b@example.com", id="full-width at sign beside an at sign"),
        pytest.param("ada@example.com,eve@example.com", id="two addresses"),
        pytest.param("ada@example.com\r\nBcc: eve@example.com", id="header injection"),
        pytest.param("ada\x00@example.com", id="NUL"),
        pytest.param("ada\u200b@example.com", id="zero width space before the at sign"),
        pytest.param("ada@exam\u200bple.com", id="zero width space in the domain"),
        pytest.param("ada\u200d@example.com", id="zero width joiner"),
        pytest.param("ada\u202e@example.com", id="right-to-left override"),
        pytest.param("ada @example.com", id="space"),
        pytest.param("ada@ example.com", id="space after the at sign"),
        pytest.param("ada@local host", id="space in a host without a dot"),
        pytest.param("ada@host.", id="host without a dot, then a dot"),
        pytest.param("ada@1234", id="number as the host"),
        pytest.param("ada@a.b.12", id="a domain that ends in a number"),
        pytest.param("ada\ud800@example.com", id="lone surrogate"),
        pytest.param("ada@" + "a" * 64 + ".com", id="label too long"),
        pytest.param("ada@" + "a." * 130 + "com", id="domain too long"),
    ],
)
def test_an_unusable_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidEmailError):
        canonical_email(address)


def functions_called_for(address: str) -> set[str]:
    """Return the names of the functions that refuse this address."""
    called: set[str] = set()
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code.co_name) if event == "call" else None)
    try:
        with pytest.raises(InvalidEmailError):
            canonical_email(address)
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("address", ["a" * 10_000, "a" * 10_000 + "@example.com", "ada@" + "b." * 5000 + "com"])
def test_ten_thousand_characters_are_refused_before_they_are_parsed(address: str) -> None:
    assert "validate_email" in functions_called_for("ada@" + "b" * 64 + ".com")
    assert "validate_email" not in functions_called_for(address)


@given(text=st.one_of(st.emails(), st.text(max_size=30).map(lambda local: f"{local}@example.com")))
def test_a_canonical_address_is_its_own_canonical_form(text: str) -> None:
    try:
        address = canonical_email(text)
    except InvalidEmailError:
        return
    assert canonical_email(address) == address


@pytest.mark.parametrize(
    ("typed", "shown", "key"),
    [
        ("Ada@Example.COM", "Ada@example.com", "ada@example.com"),
        ("Stra\u00dfe@example.com", "Stra\u00dfe@example.com", "strasse@example.com"),
        ("Ada@B\u00dcCHER.example.com", "Ada@b\u00fccher.example.com", "ada@b\u00fccher.example.com"),
        ("Rene\u0301e@example.com", "Ren\u00e9e@example.com", "ren\u00e9e@example.com"),
    ],
)
def test_an_address_is_shown_with_its_case_and_compared_without(typed: str, shown: str, key: str) -> None:
    address = read_email(typed)
    assert (address.shown, address.key) == (shown, key)


@given(text=st.one_of(st.emails(), st.text(max_size=30).map(lambda local: f"{local}@example.com")))
def test_the_shown_form_is_the_same_address(text: str) -> None:
    try:
        address = read_email(text)
    except InvalidEmailError:
        return
    assert read_email(address.shown) == address


def test_more_than_30_combining_marks_in_a_row_are_refused() -> None:
    with pytest.raises(InvalidUsernameError):
        display_username("ada" + "\u0316" * 31)
    with pytest.raises(InvalidEmailError):
        read_email("ada" + "\u0316" * 31 + "@example.com")
