"""Refresh tokens as the service writes them, and as version 0.1 did."""

from doorward.domain.auth.tokens.refresh_token import RefreshToken, RefreshTokenCodec
from doorward.infrastructure.keys import REFRESH_TOKEN_PURPOSE
from doorward.wiring.keys import keys
from tests.integration.service import Service


def codec_of(service: Service) -> RefreshTokenCodec:
    """Return a codec with the service's keys."""
    return RefreshTokenCodec(*keys(service.settings.keys, REFRESH_TOKEN_PURPOSE))


def version_1_of(service: Service, refresh_token: str) -> str:
    """Return the token as version 0.1 made it, without the user's id."""
    codec = codec_of(service)
    token = codec.decode(refresh_token)
    return codec.encode(RefreshToken(token.session_id, None, token.generation, token.secret))
