"""The login of a copy that admits verified addresses only, on the database of the walks."""

from typing import Final

from fastapi import FastAPI

from doorward.core.ports import Clock
from doorward.domain.auth.login.login import Login
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.refresh_token import RefreshTokenCodec
from doorward.infrastructure.keys import REFRESH_TOKEN_PURPOSE
from doorward.settings.config import Settings
from doorward.wiring.auth import create_login, create_signer, lifetimes_of
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys
from doorward.wiring.mail import create_mail

VERIFIED_ONLY: Final = {"login_requires_verified_email": True, "public_url": "http://localhost:8000"}
"""Settings of such a copy; the links in its mails need a public URL."""


def create_verified_login(settings: Settings, app: FastAPI, clock: Clock) -> Login:
    """Return the use case with its own settings, on the database and hasher of the walks."""
    database, hasher = app.state.database, app.state.hasher
    mails = create_mail(settings, database, clock, delivers=False).queue
    lifetimes, codec = lifetimes_of(settings), RefreshTokenCodec(*keys(settings.keys, REFRESH_TOKEN_PURPOSE))
    issuer = TokenPairIssuer(signer=create_signer(settings, lifetimes, None), codec=codec, lifetimes=lifetimes)
    return create_login(Foundation(settings, database, hasher, clock, mails), issuer)
