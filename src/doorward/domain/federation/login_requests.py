"""The ``state`` of a login request to a provider: the request itself, sealed for one browser and one provider.

Nothing is stored. A state from another browser or another provider cannot be opened.
"""

import base64
import binascii
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from doorward.core.ports import SealedDataError, Sealer
from doorward.domain.federation.exceptions import InvalidProviderAnswerError, LongLoginRequestError
from doorward.domain.federation.login_models import LinkingSession, LoginRequest

LIFETIME: Final = timedelta(minutes=10)
CLOCK_LEEWAY: Final = timedelta(minutes=1)
"""How far the clock of a provider may be behind."""

LONGEST_NEXT: Final = 3072
"""Maximum length of the address to continue at, so that the whole state fits into the URL limit of every server."""

_LONGEST_STATE: Final = 8192
_SECRET_BYTES: Final = 32


def new_request(
    provider: str,
    *,
    now: datetime,
    next_address: str,
    is_kept: bool,
    requires_new_sign_in: bool,
    is_proof: bool,
    linking: LinkingSession | None = None,
) -> LoginRequest:
    """Return a request with a new nonce and a new PKCE verifier. Raises ``LongLoginRequestError``."""
    if len(next_address) > LONGEST_NEXT:
        raise LongLoginRequestError
    return LoginRequest(
        provider=provider,
        nonce=secrets.token_urlsafe(_SECRET_BYTES),
        verifier=secrets.token_urlsafe(_SECRET_BYTES),
        expires_at=now + LIFETIME,
        next=next_address,
        is_kept=is_kept,
        requires_new_sign_in=requires_new_sign_in,
        is_proof=is_proof,
        linking=linking,
    )


class LoginRequests:
    """Seals and opens states."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, request: LoginRequest, browser: str) -> str:
        """Seal a request into a state."""
        linking = request.linking
        written = {
            "nonce": request.nonce,
            "verifier": request.verifier,
            "expires": request.expires_at.timestamp(),
            "next": request.next,
            "kept": request.is_kept,
            "again": request.requires_new_sign_in,
            "proof": request.is_proof,
            "linking": None if linking is None else [linking.user_id.hex, linking.session_id.hex],
        }
        data = json.dumps(written, separators=(",", ":")).encode()
        sealed = self._sealer.seal(data, context=_context(request.provider, browser))
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, state: str, *, provider: str, browser: str, now: datetime) -> LoginRequest:
        """Open a state that this browser returned from this provider in time.

        Raises ``InvalidProviderAnswerError``.
        """
        if not browser or len(state) > _LONGEST_STATE or not state.isascii():
            raise InvalidProviderAnswerError
        try:
            sealed = base64.b64decode(state + "=" * (-len(state) % 4), altchars=b"-_", validate=True)
            written = json.loads(self._sealer.open(sealed, context=_context(provider, browser)))
        except (binascii.Error, SealedDataError) as error:
            raise InvalidProviderAnswerError from error
        expires_at, linking = datetime.fromtimestamp(written["expires"], UTC), written["linking"]
        if now >= expires_at:
            raise InvalidProviderAnswerError
        return LoginRequest(
            provider=provider,
            nonce=written["nonce"],
            verifier=written["verifier"],
            expires_at=expires_at,
            next=written["next"],
            is_kept=written["kept"],
            requires_new_sign_in=written["again"],
            is_proof=written["proof"],
            linking=None if linking is None else LinkingSession(*(UUID(hex=each) for each in linking)),
        )


def is_answered(request: LoginRequest, authenticated_at: datetime | None) -> bool:
    """Return whether the provider confirms a new sign-in (``auth_time``), if one was requested.

    A provider must report the time of the sign-in if ``max_age`` is requested (OpenID Connect Core 1.0 section
    3.1.2.1).
    """
    if not request.requires_new_sign_in:
        return True
    return authenticated_at is not None and authenticated_at >= request.expires_at - LIFETIME - CLOCK_LEEWAY


def _context(provider: str, browser: str) -> bytes:
    return f"login at a provider\n{provider}\n{browser}".encode("utf-8", "surrogatepass")
