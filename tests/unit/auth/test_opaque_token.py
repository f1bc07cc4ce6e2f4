"""Tokens that name a row: their content, the rotation of the key, and their versions."""

import secrets
from uuid import uuid4

import pytest

from doorward.domain.auth.tokens.authenticated_text import AuthenticatedText
from doorward.domain.auth.tokens.opaque_token import (
    SECRET_BYTES,
    OpaqueToken,
    OpaqueTokenCodec,
    RowToken,
    RowTokenCodec,
)

PREFIX = "dwx_"
KEY = secrets.token_bytes(64)
ID_BYTES = 16


def test_decoded_tokens_equal_the_encoded_ones() -> None:
    opaque, row = OpaqueToken.new(uuid4()), RowToken.new()
    assert OpaqueTokenCodec(PREFIX, KEY).decode(OpaqueTokenCodec(PREFIX, KEY).encode(opaque)) == opaque
    assert RowTokenCodec(PREFIX, KEY).decode(RowTokenCodec(PREFIX, KEY).encode(row)) == row


def test_tokens_of_the_previous_key_are_accepted_and_those_of_an_older_key_are_refused() -> None:
    opaque, row = OpaqueToken.new(uuid4()), RowToken.new()
    old, new = secrets.token_bytes(64), secrets.token_bytes(64)
    opaque_text, row_text = OpaqueTokenCodec(PREFIX, old).encode(opaque), RowTokenCodec(PREFIX, old).encode(row)
    assert OpaqueTokenCodec(PREFIX, new, old).decode(opaque_text) == opaque
    assert RowTokenCodec(PREFIX, new, old).decode(row_text) == row
    assert OpaqueTokenCodec(PREFIX, new).decode(opaque_text) is None
    assert RowTokenCodec(PREFIX, new).decode(row_text) is None


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_token_of_another_version_is_not_decoded(version: int) -> None:
    for ids, codec in ((2, OpaqueTokenCodec(PREFIX, KEY)), (1, RowTokenCodec(PREFIX, KEY))):
        content = bytes([version]) + secrets.token_bytes(ids * ID_BYTES + SECRET_BYTES)
        assert codec.decode(AuthenticatedText(PREFIX, len(content), KEY).write(content)) is None
        assert codec.decode(AuthenticatedText(PREFIX, len(content), KEY).write(b"\x01" + content[1:])) is not None
