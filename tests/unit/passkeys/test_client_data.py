"""The client data of a ceremony is parsed before it is verified, for any content."""

import json
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from development.authenticator import Authenticator, encode
from doorward.domain.passkeys.client_data import LONGEST_CLIENT_DATA, ClientDataError, read_client_data

CHALLENGE = secrets.token_bytes(40)


def content(**members: object) -> bytes:
    return json.dumps({"type": "webauthn.get", "challenge": encode(CHALLENGE), **members}).encode()


def test_the_challenge_is_read() -> None:
    sent = Authenticator("https://auth.example.com").client_data("webauthn.get", encode(CHALLENGE))
    assert read_client_data(sent).challenge == CHALLENGE
    assert read_client_data(content(tokenBinding={"status": "supported"}, other=[1])).challenge == CHALLENGE


@pytest.mark.parametrize(
    "members",
    [{"crossOrigin": True}, {"crossOrigin": None}, {"crossOrigin": "false"}, {"topOrigin": "https://x.example"}],
)
def test_a_framed_page_is_refused(members: dict[str, object]) -> None:
    with pytest.raises(ClientDataError):
        read_client_data(content(**members))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{}",
        b"[]",
        b'"challenge"',
        b"7",
        b"\xff\xfe{",
        b"[" * 8000,
        b'{"challenge": 7}',
        b'{"challenge": ["a"]}',
        b'{"challenge": "a"}',
        '{"challenge": "\u00e4\u00e4\u00e4\u00e4"}'.encode(),
        content(filler="x" * LONGEST_CLIENT_DATA),
        content().decode().encode("utf-16"),
        b'{"n": ' + b"9" * 5000 + b', "challenge": "AAAA"}',
    ],
)
def test_malformed_client_data_is_refused(sent: bytes) -> None:
    with pytest.raises(ClientDataError):
        read_client_data(sent)


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_no_other_error_is_raised(sent: bytes) -> None:
    with pytest.raises(ClientDataError):
        read_client_data(sent)
