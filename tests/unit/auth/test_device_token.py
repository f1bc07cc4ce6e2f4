"""The device token's format: what is written is read, and nothing else is."""

import secrets
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.auth.devices.device_token import PREFIX, DeviceToken, DeviceTokenCodec

KEY, PREVIOUS = secrets.token_bytes(64), secrets.token_bytes(64)
CODEC = DeviceTokenCodec(KEY)
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_token_is_read_as_it_was_written() -> None:
    token = DeviceToken.new(uuid4())
    text = CODEC.encode(token)
    assert CODEC.decode(text) == token
    assert text.startswith(PREFIX)
    assert "=" not in text


def test_every_new_token_is_of_another_device_with_another_secret() -> None:
    user_id = uuid4()
    tokens = [DeviceToken.new(user_id) for _ in range(100)]
    assert len({token.device_id for token in tokens}) == len({token.secret for token in tokens}) == 100


def test_no_character_can_be_changed_left_out_or_added() -> None:
    text = CODEC.encode(DeviceToken.new(uuid4()))
    for index, character in enumerate(text):
        others = BASE64.replace(character, "") if index == len(text) - 1 else "A" if character != "A" else "B"
        for other in others:
            assert CODEC.decode(text[:index] + other + text[index + 1 :]) is None
        assert CODEC.decode(text[:index] + "!" + text[index + 1 :]) is None
        assert CODEC.decode(text[:index] + text[index + 1 :]) is None
        assert CODEC.decode(text[:index] + "A" + text[index:]) is None


def test_a_token_of_the_previous_key_is_read_while_that_is_set() -> None:
    token = DeviceToken.new(uuid4())
    text = DeviceTokenCodec(PREVIOUS).encode(token)
    assert DeviceTokenCodec(KEY, PREVIOUS).decode(text) == token
    assert CODEC.decode(text) is None


@given(st.text() | st.text("\u00e9" + BASE64, min_size=112, max_size=112).map(lambda text: PREFIX + text))
def test_what_is_no_token_is_none_and_no_error(text: str) -> None:
    assert CODEC.decode(text) is None


@pytest.mark.parametrize("text", ["", PREFIX, PREFIX + "A" * 108, PREFIX + "!" * 108, "dwo_" + "A" * 108])
def test_what_only_looks_like_a_token_is_none(text: str) -> None:
    assert CODEC.decode(text) is None
