"""The header field ``DPoP`` (RFC 9449): a proof that the caller of this request has a key."""

from typing import Final

from fastapi import Request

from doorward.api.oauth_services import ProviderServices
from doorward.domain.auth.tokens.key_binding import KeyBinding
from doorward.domain.auth.tokens.key_proofs import PresentedProof, VerifiedProof
from doorward.domain.oauth.models import OAuthClient

SCHEME: Final = "DPoP"
ALGORITHMS: Final = ("ES256", "RS256")
_HEADER: Final = b"dpop"


def presented_proof(request: Request, issuer: str) -> PresentedProof:
    """Return the proof of the request. Unless there is exactly one field, its text is empty, which is never valid.

    The proof must name the public address of the service, even if a proxy uses another one.
    """
    headers: list[bytes] = [value for name, value in request.scope["headers"] if name == _HEADER]
    text = headers[0].decode("latin-1") if len(headers) == 1 else ""
    return PresentedProof(text, request.method, f"{issuer}{request.scope['path']}")


def verified_proof(request: Request, provider: ProviderServices) -> VerifiedProof | None:
    """Verify and return the proof of the request; None if it has none. Raises ``InvalidKeyProofError``."""
    if "dpop" not in request.headers:
        return None
    return provider.key_proofs.verify(presented_proof(request, provider.issuer))


async def bind_to_key(
    proof: VerifiedProof | None, client: OAuthClient, provider: ProviderServices
) -> KeyBinding | None:
    """Consume the proof of an authenticated client and return the key binding of its tokens; None without a proof.

    Refresh tokens of confidential clients are already bound to their client, so the key binding leaves them out
    (section 5). Raises ``InvalidKeyProofError``.
    """
    if proof is None:
        return None
    await provider.key_proofs.consume(proof)
    return KeyBinding(proof.thumbprint, includes_refresh_tokens=not client.is_confidential)
