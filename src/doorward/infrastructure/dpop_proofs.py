"""Reads proofs of possession of a key (DPoP, RFC 9449 section 4.3), as other services do: with the client library."""

from datetime import UTC, datetime

from doorward.domain.auth.tokens.key_proofs import PresentedProof, VerifiedProof
from doorward_client import proofs
from doorward_client.exceptions import InvalidProofError


class SignedProofs:
    """Proofs under whichever key they name: what it may do, the token says that is bound to it."""

    def read(self, proof: PresentedProof, now: datetime, *, access_token: str | None = None) -> VerifiedProof | None:
        """Return what a genuine proof for this call says, and for the access token if there is one; None for others."""
        presented = proofs.PresentedProof(proof.text, proof.method, proof.url)
        try:
            verified = proofs.verify_proof(presented, now.timestamp(), access_token=access_token)
        except InvalidProofError:
            return None
        expires_at = datetime.fromtimestamp(verified.expires_at, UTC)
        return VerifiedProof(verified.thumbprint, verified.nonce, expires_at)
