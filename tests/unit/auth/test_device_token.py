"""The device token's format: encoded tokens are decoded, and any other text is rejected."""

import secrets
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.auth.devices.device_token import PREFIX, DeviceToken, DeviceTokenCodec

KEY, PREVIOUS = secrets.token_bytes(64), secrets.token_bytes(64)
CODEC = DeviceTokenCodec(KEY)
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_decoded_token_equals_the_encoded_one() -> None:
    token = DeviceToken.new(uuid4())
    text = CODEC.encode(token)
    assert CODEC.decode(text) == token
    assert text.startswith(PREFIX)
    assert "=" not in text


def test_every_new_token_has_another_device_id_and_another_secret() -> None:
    user_id = uuid4()
    tokens = [DeviceToken.new(user_id) for _ in range(100)]
    assert len({token.device_id for token in tokens}) == len({token.secret for token in tokens}) == 100


def test_no_character_can_be_changed_removed_or_added() -> None:
    text = CODEC.encode(DeviceToken.new(uuid4()))
    for index, character in enumerate(text):
        others = BASE64.replace(character, "") if index == len(text) - 1 else "A" if character != "A" else "B"
        for other in others:
            assert CODEC.decode(text[:index] + other + text[index + 1 :]) is None
        assert CODEC.decode(text[:index] + "!" + text[index + 1 :]) is None
        assert CODEC.decode(text[:index] + text[index + 1 :]) is None
        assert CODEC.decode(text[:index] + "A" + text[index:]) is None


def test_a_token_of_the_previous_key_is_accepted_while_that_key_is_set() -> None:
    token = DeviceToken.new(uuid4())
    text = DeviceTokenCodec(PREVIOUS).encode(token)
    assert DeviceTokenCodec(KEY, PREVIOUS).decode(text) == token
    assert CODEC.decode(text) is None


@given(st.text() | st.text("\u00e9" + BASE64, min_size=112, max_size=112).map(lambda text: PREFIX + text))
def test_any_other_text_returns_none_and_raises_nothing(text: str) -> None:
    assert CODEC.decode(text) is None


@pytest.mark.parametrize("text", ["", PREFIX, PREFIX + "A" * 108, PREFIX + "!" * 108, "dwo_" + "A" * 108])
def test_text_that_resembles_a_token_returns_none(text: str) -> None:
    assert CODEC.decode(text) is None
