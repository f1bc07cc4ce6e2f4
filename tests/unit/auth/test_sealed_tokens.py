"""Sealed tokens: issued tokens are accepted until they expire, and any other text is refused."""

import base64
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.tokens.sealed_tokens import (
    MAXIMUM_CONTENT_BYTES,
    PREFIX,
    SEALED_TOKEN_LIFETIMES,
    SealedKind,
    SealedTokens,
)

KEY, PREVIOUS = secrets.token_bytes(64), secrets.token_bytes(64)
TOKENS = SealedTokens(KEY)
NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
LIFE = SEALED_TOKEN_LIFETIMES[SealedKind.RESTORE]
MOMENT = timedelta(microseconds=1)
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def issued(tokens: SealedTokens = TOKENS, *, user_id: UUID | None = None, epoch: int = 7) -> str:
    return tokens.issue(SealedKind.RESTORE, user_id=user_id or uuid4(), epoch=epoch, now=NOW)


def is_read(text: str, *, tokens: SealedTokens = TOKENS, now: datetime = NOW) -> bool:
    try:
        tokens.read(text, SealedKind.RESTORE, now=now)
    except InvalidOneTimeTokenError:
        return False
    return True


@pytest.mark.parametrize("epoch", [0, 7, 2**31 - 1])
def test_a_decoded_token_equals_the_issued_one(epoch: int) -> None:
    user_id = uuid4()
    text = issued(user_id=user_id, epoch=epoch)
    token = TOKENS.read(text, SealedKind.RESTORE, now=NOW)
    assert (token.kind, token.user_id, token.epoch, token.issued_at) == (SealedKind.RESTORE, user_id, epoch, NOW)
    assert (token.expires_at, token.content) == (NOW + LIFE, b"")
    assert text.startswith(PREFIX)
    assert "=" not in text


def test_a_token_expires_exactly_at_the_end_of_its_lifetime() -> None:
    text = issued()
    assert is_read(text, now=NOW + LIFE - MOMENT)
    assert not is_read(text, now=NOW + LIFE)


def test_a_token_of_a_process_with_a_fast_clock_is_accepted() -> None:
    assert is_read(issued(), now=NOW - timedelta(seconds=1))


def test_every_token_has_another_nonce() -> None:
    user_id = uuid4()
    texts = [issued(user_id=user_id) for _ in range(100)]
    assert len({TOKENS.read(text, SealedKind.RESTORE, now=NOW).nonce for text in texts}) == 100


def test_no_character_can_be_changed_removed_or_added() -> None:
    text = issued()
    for index, character in enumerate(text):
        others = BASE64.replace(character, "") if index == len(text) - 1 else "A" if character != "A" else "B"
        for other in others:
            assert not is_read(text[:index] + other + text[index + 1 :])
        assert not is_read(text[:index] + text[index + 1 :])
        assert not is_read(text[:index] + "A" + text[index:])


def test_a_token_of_the_previous_key_is_accepted_while_that_key_is_set() -> None:
    text = issued(SealedTokens(PREVIOUS))
    assert is_read(text, tokens=SealedTokens(KEY, PREVIOUS))
    assert not is_read(text)


@pytest.mark.parametrize("content", [b"", b"1", b"12"])
def test_tokens_that_end_with_any_character_are_read(content: bytes) -> None:
    """Only the padding of base64 is removed from the text. These lengths have two, none and four unused bits."""
    for _ in range(500):
        text = TOKENS.issue(SealedKind.RESTORE, user_id=uuid4(), epoch=0, now=NOW, content=content)
        assert TOKENS.read(text, SealedKind.RESTORE, now=NOW).content == content


def test_a_token_with_the_longest_content_is_accepted_and_a_longer_content_is_not_issued() -> None:
    content = secrets.token_bytes(MAXIMUM_CONTENT_BYTES)
    text = TOKENS.issue(SealedKind.RESTORE, user_id=uuid4(), epoch=0, now=NOW, content=content)
    assert TOKENS.read(text, SealedKind.RESTORE, now=NOW).content == content
    with pytest.raises(ValueError, match="long"):
        TOKENS.issue(SealedKind.RESTORE, user_id=uuid4(), epoch=0, now=NOW, content=content + b"a")


@pytest.mark.parametrize(("position", "value"), [(0, 2), (1, 99)])
def test_an_unknown_version_or_kind_is_refused_despite_a_correct_mac(position: int, value: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(issued().removeprefix(PREFIX) + "="))
    raw[position] = value
    content = bytes(raw[:-16])
    forged = content + hmac.digest(KEY, content, "sha256")[:16]
    assert not is_read(PREFIX + base64.urlsafe_b64encode(forged).rstrip(b"=").decode())


@given(st.text() | st.text("\u00e9" + BASE64, min_size=83, max_size=83).map(lambda text: PREFIX + text))
def test_any_other_text_is_refused(text: str) -> None:
    assert not is_read(text)


@pytest.mark.parametrize("text", ["", PREFIX, PREFIX + "A" * 83, PREFIX + "!" * 83, "dwo_" + "A" * 83])
def test_text_that_resembles_a_token_is_refused(text: str) -> None:
    assert not is_read(text)
