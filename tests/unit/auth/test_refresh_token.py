"""The refresh token's format: encoded tokens are decoded, and any other text is refused."""

import base64
import hashlib
import hmac
import secrets
import string
import struct
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.auth.exceptions import InvalidRefreshTokenError
from doorward.domain.auth.tokens.refresh_token import PREFIX, RefreshToken, RefreshTokenCodec, hash_secret

KEY = secrets.token_bytes(64)
TEXT_LENGTH = 96
TEXT_LENGTH_OF_VERSION_1 = 75
TEXT_LENGTH_OF_VERSION_3 = 139
BASE64 = string.ascii_letters + string.digits + "-_"
ASCII = [chr(code) for code in range(128)]

tokens = st.builds(
    RefreshToken,
    session_id=st.uuids(),
    user_id=st.none() | st.uuids(),
    generation=st.integers(0, 2**32 - 1),
    secret=st.binary(min_size=16, max_size=16),
)


@pytest.fixture
def codec() -> RefreshTokenCodec:
    return RefreshTokenCodec(KEY)


@pytest.fixture(params=[1, 2, 3], ids=["version 1", "version 2", "version 3"])
def text(codec: RefreshTokenCodec, request: pytest.FixtureRequest) -> str:
    user_id = uuid4() if request.param > 1 else None
    thumbprint = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode() if request.param == 3 else None
    return codec.encode(RefreshToken(uuid4(), user_id, 3, secrets.token_bytes(16), thumbprint))


def _sealed(content: bytes) -> str:
    """Encode any content with a correct MAC, computed independently of the implementation."""
    mac = hmac.new(KEY, content, hashlib.sha256).digest()[:16]
    return PREFIX + base64.urlsafe_b64encode(content + mac).decode().rstrip("=")


def _accepted(codec: RefreshTokenCodec, text: str) -> bool:
    try:
        codec.decode(text)
    except InvalidRefreshTokenError:
        return False
    return True


@given(token=tokens)
def test_a_decoded_token_equals_the_encoded_one(token: RefreshToken) -> None:
    codec = RefreshTokenCodec(KEY)
    assert codec.decode(codec.encode(token)) == token


@given(
    text=st.text(max_size=100)
    | st.text(alphabet=ASCII, min_size=TEXT_LENGTH, max_size=TEXT_LENGTH)
    | st.text(alphabet=ASCII, min_size=TEXT_LENGTH_OF_VERSION_1, max_size=TEXT_LENGTH_OF_VERSION_1)
)
def test_random_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidRefreshTokenError):
        RefreshTokenCodec(KEY).decode(text)


def test_the_text_has_the_documented_layout(codec: RefreshTokenCodec) -> None:
    token = RefreshToken(UUID(int=7), UUID(int=9), 258, bytes(range(16)))
    content = struct.pack(">B16s16sI16s", 2, UUID(int=7).bytes, UUID(int=9).bytes, 258, bytes(range(16)))
    assert codec.encode(token) == _sealed(content)


def test_a_token_of_version_1_has_no_user(codec: RefreshTokenCodec) -> None:
    content = struct.pack(">B16sI16s", 1, UUID(int=7).bytes, 258, bytes(range(16)))
    assert codec.decode(_sealed(content)) == RefreshToken(UUID(int=7), None, 258, bytes(range(16)))


def test_each_version_has_its_own_length(text: str) -> None:
    assert len(text) in {TEXT_LENGTH, TEXT_LENGTH_OF_VERSION_1, TEXT_LENGTH_OF_VERSION_3}


def test_every_change_of_one_character_is_refused(codec: RefreshTokenCodec, text: str) -> None:
    changed = [
        text[:position] + other + text[position + 1 :]
        for position in range(len(text))
        for other in ASCII
        if other != text[position]
    ]
    assert [each for each in changed if _accepted(codec, each)] == []


def test_every_truncation_is_refused(codec: RefreshTokenCodec, text: str) -> None:
    assert [length for length in range(len(text)) if _accepted(codec, text[:length])] == []


@pytest.mark.parametrize("addition", ["A", "=", "==", "\n", " ", "AAAA"])
def test_an_extended_token_is_refused(codec: RefreshTokenCodec, text: str, addition: str) -> None:
    assert not _accepted(codec, text + addition)


@pytest.mark.parametrize("addition", ["A", "=", " ", "\n"])
def test_a_token_with_text_before_it_is_refused(codec: RefreshTokenCodec, text: str, addition: str) -> None:
    assert not _accepted(codec, addition + text)


def test_a_token_of_another_key_is_refused(codec: RefreshTokenCodec) -> None:
    other = RefreshTokenCodec(secrets.token_bytes(64))
    assert not _accepted(codec, other.encode(RefreshToken(uuid4(), uuid4(), 0, secrets.token_bytes(16))))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused_despite_a_correct_mac(codec: RefreshTokenCodec, version: int) -> None:
    secret = secrets.token_bytes(16)
    assert not _accepted(codec, _sealed(struct.pack(">B16sI16s", version, uuid4().bytes, 0, secret)))
    other_version = {2: 1}.get(version, version)
    content = struct.pack(">B16s16sI16s", other_version, uuid4().bytes, uuid4().bytes, 0, secret)
    assert not _accepted(codec, _sealed(content))


def test_the_unused_bits_of_the_last_character_must_be_zero(codec: RefreshTokenCodec) -> None:
    text = codec.encode(RefreshToken(uuid4(), None, 3, secrets.token_bytes(16)))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(text[-1])
    same_bytes = [text[:-1] + alphabet[last + extra] for extra in (1, 2, 3)]
    decoded = {base64.urlsafe_b64decode(each[4:] + "=") for each in (text, *same_bytes)}
    assert len(decoded) == 1
    assert [each for each in same_bytes if _accepted(codec, each)] == []


def test_the_other_base64_alphabet_is_refused(codec: RefreshTokenCodec) -> None:
    token = RefreshToken(UUID(bytes=b"\xfb\xef\xbe" * 5 + b"\xff"), uuid4(), 0, b"\xff" * 16)
    text = codec.encode(token)
    swapped = text[:4] + text[4:].replace("-", "+").replace("_", "/")
    assert swapped != text
    assert not _accepted(codec, swapped)


@pytest.mark.parametrize("prefix", ["", "dwr", "DWR_", "dwr-", "dwr_dwr_", "xyz_"])
def test_another_prefix_is_refused(codec: RefreshTokenCodec, text: str, prefix: str) -> None:
    assert not _accepted(codec, prefix + text.removeprefix(PREFIX))


def test_a_body_in_place_of_the_prefix_is_refused(codec: RefreshTokenCodec, text: str) -> None:
    assert not _accepted(codec, text.removeprefix(PREFIX) + "AAAA")


def test_content_of_another_length_is_refused_despite_a_correct_mac(codec: RefreshTokenCodec) -> None:
    """Without the prefix, a text of the correct length has room for three more bytes."""
    text = _sealed(b"\x02" + secrets.token_bytes(55)).removeprefix(PREFIX)
    assert len(text) == TEXT_LENGTH
    assert not _accepted(codec, text)


@pytest.mark.parametrize("position", [0, 4, 40, 74])
@pytest.mark.parametrize("character", ["é", "\uff41", "\U0001f511", "\ud800"])
def test_characters_outside_ascii_are_refused(
    codec: RefreshTokenCodec, text: str, position: int, character: str
) -> None:
    assert not _accepted(codec, text[:position] + character + text[position + 1 :])


def test_an_empty_text_is_refused(codec: RefreshTokenCodec) -> None:
    assert not _accepted(codec, "")


def test_a_successor_has_the_next_generation_and_names_the_user() -> None:
    user_id = uuid4()
    for known in (user_id, None):
        token = RefreshToken(uuid4(), known, 41, secrets.token_bytes(16))
        assert token.successor(user_id) == RefreshToken(token.session_id, user_id, 42, token.secret)


def test_a_secret_is_stored_as_its_sha256() -> None:
    assert hash_secret(b"session secret16") == hashlib.sha256(b"session secret16").digest()


@given(token=tokens)
def test_a_token_of_the_previous_key_is_accepted(token: RefreshToken) -> None:
    before, after = RefreshTokenCodec(KEY), RefreshTokenCodec(secrets.token_bytes(64), KEY)
    assert after.decode(before.encode(token)) == token


def test_tokens_are_encoded_with_the_current_key(text: str) -> None:
    new_key = secrets.token_bytes(64)
    after = RefreshTokenCodec(new_key, KEY)
    rewritten = after.encode(after.decode(text))
    assert rewritten != text
    assert rewritten == RefreshTokenCodec(new_key).encode(after.decode(text))


def test_a_token_of_the_previous_key_has_only_one_spelling(text: str) -> None:
    """The last character of a token of version 1 carries two bits that base64 does not read."""
    after = RefreshTokenCodec(secrets.token_bytes(64), KEY)
    accepted = [letter for letter in BASE64 if _accepted(after, text[:-1] + letter)]
    assert accepted == [text[-1]]


def test_a_token_of_neither_key_is_refused() -> None:
    codec = RefreshTokenCodec(secrets.token_bytes(64), KEY)
    other = RefreshTokenCodec(secrets.token_bytes(64))
    assert not _accepted(codec, other.encode(RefreshToken(uuid4(), uuid4(), 0, secrets.token_bytes(16))))


def test_the_last_generation_has_no_successor(codec: RefreshTokenCodec) -> None:
    before_the_last = RefreshToken(uuid4(), uuid4(), 2**32 - 2, secrets.token_bytes(16))
    last = before_the_last.successor(uuid4())
    assert codec.decode(codec.encode(last)) == last
    assert (before_the_last.has_successor, last.has_successor) == (True, False)


def test_a_bound_token_and_its_successors_contain_the_thumbprint_of_the_key(codec: RefreshTokenCodec) -> None:
    first, second = (base64.urlsafe_b64encode(bytes([n]) * 32).rstrip(b"=").decode() for n in (1, 2))
    user_id = uuid4()
    token = RefreshToken(uuid4(), user_id, 3, secrets.token_bytes(16), first)
    assert codec.decode(codec.encode(token)) == token
    assert token.successor(user_id, second).thumbprint == token.successor(user_id).thumbprint == first
    unbound = RefreshToken(uuid4(), user_id, 3, secrets.token_bytes(16))
    assert unbound.successor(user_id).thumbprint is None
    assert unbound.successor(user_id, second).thumbprint == second
    assert [token.is_bound_to_other(each) for each in (first, second, None)] == [False, True, True]
    assert not any(unbound.is_bound_to_other(each) for each in (first, None))
