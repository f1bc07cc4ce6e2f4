"""Reads DPoP proofs (RFC 9449 section 4.3) with the client library, as other services do."""

from datetime import UTC, datetime

from doorward.domain.auth.tokens.key_proofs import PresentedProof, VerifiedProof
from doorward_client import proofs
from doorward_client.exceptions import InvalidProofError


class SignedProofs:
    """Accepts proofs under any key: what a key permits is stated by the token that is bound to it."""

    def read(self, proof: PresentedProof, now: datetime, *, access_token: str | None = None) -> VerifiedProof | None:
        """Return the content of a genuine proof for this call, and for the access token if given; None for others."""
        presented = proofs.PresentedProof(proof.text, proof.method, proof.url)
        try:
            verified = proofs.verify_proof(presented, now.timestamp(), access_token=access_token)
        except InvalidProofError:
            return None
        expires_at = datetime.fromtimestamp(verified.expires_at, UTC)
        return VerifiedProof(verified.thumbprint, verified.nonce, expires_at)
