"""The header ``DPoP`` (RFC 9449): a proof, for this call, that the caller has a key."""

from typing import Final

from fastapi import Request

from doorward.api.services import ProviderServices
from doorward.domain.auth.tokens.key_binding import KeyBinding
from doorward.domain.auth.tokens.key_proofs import PresentedProof, VerifiedProof
from doorward.domain.oauth.models import OAuthClient

SCHEME: Final = "DPoP"
ALGORITHMS: Final = ("ES256", "RS256")
_HEADER: Final = b"dpop"


def presented_proof(request: Request, issuer: str) -> PresentedProof:
    """Return what the one header holds, or an empty text, which is no proof.

    The address that it must be for is the public one: that at which clients find the service, whatever a proxy calls
    it.
    """
    headers: list[bytes] = [value for name, value in request.scope["headers"] if name == _HEADER]
    text = headers[0].decode("latin-1") if len(headers) == 1 else ""
    return PresentedProof(text, request.method, f"{issuer}{request.scope['path']}")


def verified_proof(request: Request, provider: ProviderServices) -> VerifiedProof | None:
    """Return the proof of a call of a client, None where it sent none. Raises ``InvalidKeyProofError``."""
    if "dpop" not in request.headers:
        return None
    return provider.key_proofs.verify(presented_proof(request, provider.issuer))


async def bind_to_key(
    proof: VerifiedProof | None, client: OAuthClient, provider: ProviderServices
) -> KeyBinding | None:
    """Use up the proof of a client that has authenticated, and return what binds its tokens; None without a proof.

    Refresh tokens of clients that authenticate are bound to them already (section 5). Raises ``InvalidKeyProofError``.
    """
    if proof is None:
        return None
    await provider.key_proofs.consume(proof)
    return KeyBinding(proof.thumbprint, includes_refresh_tokens=not client.is_confidential)
