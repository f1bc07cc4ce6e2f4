import base64
import secrets
from uuid import uuid4

import pytest

from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.tokens.one_time_token import OneTimeToken, OneTimeTokenCodec, Purpose, new_code, new_secret

CODEC = OneTimeTokenCodec(secrets.token_bytes(64))
TOKEN = OneTimeToken(Purpose.PASSWORD_RESET, uuid4(), new_secret())
TEXT = CODEC.encode(TOKEN)


def refuses(text: str, purpose: Purpose = TOKEN.purpose, codec: OneTimeTokenCodec = CODEC) -> bool:
    try:
        codec.decode(text, purpose)
    except InvalidOneTimeTokenError:
        return True
    return False


def test_a_decoded_token_equals_the_encoded_one() -> None:
    assert CODEC.decode(TEXT, TOKEN.purpose) == TOKEN


def test_codes_have_eight_digits_and_hardly_ever_repeat() -> None:
    codes = [new_code() for _ in range(500)]
    assert all(len(code) == 8 and code.isdecimal() for code in codes)
    # Of 100 million codes, two pairs among 500 are equal in one run of a million.
    assert len(set(codes)) >= 499


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not TOKEN.purpose])
def test_a_token_for_another_purpose_is_refused(purpose: Purpose) -> None:
    assert refuses(TEXT, purpose)


def test_each_altered_character_is_detected() -> None:
    other = {position: "A" if character != "A" else "B" for position, character in enumerate(TEXT)}
    changes = [(at, character) for at in range(len(TEXT)) for character in (other[at], "!")]
    assert [change for change in changes if not refuses(TEXT[: change[0]] + change[1] + TEXT[change[0] + 1 :])] == []


def test_each_truncated_token_is_refused() -> None:
    assert all(refuses(TEXT[:length]) for length in range(len(TEXT)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TEXT + "A", id="longer"),
        pytest.param(TEXT + "=", id="padded"),
        pytest.param(f" {TEXT}", id="space before"),
        pytest.param(TEXT.replace("dwo_", "dwr_"), id="prefix of another token"),
        pytest.param("ä" * len(TEXT), id="not ASCII"),
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    assert refuses(text)


def test_unused_bits_of_base64_make_no_second_spelling() -> None:
    encoded = TEXT.removeprefix("dwo_")
    raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same = [
        text
        for last in alphabet
        if base64.urlsafe_b64decode((text := encoded[:-1] + last) + "=" * (-len(text) % 4)) == raw
    ]
    assert [text for text in same if not refuses(f"dwo_{text}")] == [encoded]


def test_a_token_of_the_previous_key_is_accepted_and_one_of_an_older_key_is_refused() -> None:
    old, new = secrets.token_bytes(64), secrets.token_bytes(64)
    text = OneTimeTokenCodec(old).encode(TOKEN)
    assert not refuses(text, codec=OneTimeTokenCodec(new, old))
    assert refuses(text, codec=OneTimeTokenCodec(new))


def test_a_code_has_eight_digits_and_its_mac_depends_on_subject_and_purpose() -> None:
    code, subject = new_code(), uuid4()
    macs = CODEC.code_macs(code, subject, TOKEN.purpose)
    assert len(code) == 8
    assert code.isdecimal()
    assert CODEC.code_macs(f" {code[:4]}-{code[4:]} ", subject, TOKEN.purpose) == macs
    assert CODEC.code_macs(code, uuid4(), TOKEN.purpose) != macs
    assert CODEC.code_macs(code, subject, Purpose.VERIFY_EMAIL) != macs


def test_a_typed_code_that_utf_8_cannot_encode_is_a_wrong_code() -> None:
    subject = uuid4()
    assert set(CODEC.code_macs("1234567\ud800", subject, TOKEN.purpose)).isdisjoint(
        CODEC.code_macs("12345678", subject, TOKEN.purpose)
    )
