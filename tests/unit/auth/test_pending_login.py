"""The token that contains a login which waits for a second factor."""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from doorward.domain.auth.exceptions import InvalidPendingLoginError
from doorward.domain.auth.login.pending_login import PendingLogin, PendingLogins
from doorward.domain.auth.login.throttling import STRANGERS, ThrottledClient
from doorward.domain.auth.models import ClientKind
from doorward.domain.auth.sessions.grants import FIRST_PARTY, Grant
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.tokens.sealed_tokens import MAXIMUM_CONTENT_BYTES, SealedKind, SealedTokens

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEALED = SealedTokens(secrets.token_bytes(64))
PENDING = PendingLogins(SEALED)
LIFE = timedelta(seconds=300)
OTHER_SERVICE = Grant("doorward", ("orders:read", "orders:write"), TokenAudience("https://orders.example.com", "ES256"))


def login(grant: Grant = FIRST_PARTY, counted_as: ThrottledClient = STRANGERS) -> PendingLogin:
    return PendingLogin(uuid4(), 7, ("pwd",), grant, counted_as, device_id=None, is_new=True)


@pytest.mark.parametrize("grant", [FIRST_PARTY, OTHER_SERVICE])
@pytest.mark.parametrize("counted_as", [STRANGERS, ThrottledClient(ClientKind.ADDRESS, b"\x00\xff" * 8)])
def test_a_decoded_login_equals_the_issued_one(grant: Grant, counted_as: ThrottledClient) -> None:
    waiting = login(grant, counted_as)
    shown = PENDING.read(PENDING.issue(waiting, now=NOW), now=NOW + LIFE - timedelta(microseconds=1))
    assert shown.login == waiting
    assert shown.token.expires_at == NOW + LIFE


def test_the_largest_grant_fits_into_a_token() -> None:
    audience = TokenAudience(f"https://example.com/{'x' * 1000}", "RS256")
    waiting = login(Grant("doorward", tuple(f"{number:03}{'s' * 97}" for number in range(50)), audience))
    assert PENDING.read(PENDING.issue(waiting, now=NOW), now=NOW).login == waiting


def test_an_expired_token_and_one_of_another_kind_or_key_are_refused() -> None:
    token = PENDING.issue(login(), now=NOW)
    other = SEALED.issue(SealedKind.RESTORE, user_id=uuid4(), epoch=0, now=NOW)
    for text, now in [(token, NOW + LIFE), (other, NOW), (token[:-1], NOW), ("", NOW)]:
        with pytest.raises(InvalidPendingLoginError):
            PENDING.read(text, now=now)
    with pytest.raises(InvalidPendingLoginError):
        PendingLogins(SealedTokens(secrets.token_bytes(64))).read(token, now=NOW)


def test_a_token_of_a_later_version_is_refused() -> None:
    later = SEALED.issue(SealedKind.PENDING_LOGIN, user_id=uuid4(), epoch=0, now=NOW, content=b'{"v":2}')
    with pytest.raises(InvalidPendingLoginError):
        PENDING.read(later, now=NOW)


def test_content_that_is_too_long_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="so long a content"):
        SEALED.issue(SealedKind.RESTORE, user_id=uuid4(), epoch=0, now=NOW, content=b"x" * (MAXIMUM_CONTENT_BYTES + 1))
