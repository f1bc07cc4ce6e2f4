"""Proofs of possession of a key (DPoP, RFC 9449): what tokens are bound to, and how a call shows the key."""

from dataclasses import field
from datetime import datetime
from typing import Protocol

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.tokens.key_proof_exceptions import BoundAccessTokenError, InvalidKeyProofError
from doorward.domain.auth.tokens.single_use import use_once


@frozen
class PresentedProof:
    """What the header ``DPoP`` of a call holds, and the call that it must be for: its method, its URL without query."""

    text: str = field(repr=False)
    method: str
    url: str


@frozen
class VerifiedProof:
    """What a genuine proof says. By its ``nonce``, a digest of key and ``jti``, it is known when it comes again."""

    thumbprint: str
    nonce: bytes
    expires_at: datetime


class ProofReader(Protocol):
    """Reads the proofs of calls."""

    def read(self, proof: PresentedProof, now: datetime, *, access_token: str | None = None) -> VerifiedProof | None:
        """Return what a genuine proof for this call says, and for the access token if there is one; None for others."""
        ...


class KeyProofs:
    """Judges the proofs with which clients ask for tokens. Each works once."""

    def __init__(self, *, database: Database[Connection], clock: Clock, reader: ProofReader) -> None:
        self._database = database
        self._clock = clock
        self._reader = reader

    def verify(self, proof: PresentedProof) -> VerifiedProof:
        """Return what a genuine proof says, which is not used up by that. Raises ``InvalidKeyProofError``."""
        verified = self._reader.read(proof, self._clock.now())
        if verified is None:
            raise InvalidKeyProofError
        return verified

    async def consume(self, proof: VerifiedProof) -> None:
        """Store that a proof was used, committed when this returns. Raises ``InvalidKeyProofError`` if it was."""
        async with self._database.connection() as connection:
            is_first = await use_once(connection, proof.nonce, expires_at=proof.expires_at)
        if not is_first:
            raise InvalidKeyProofError


class Possession:
    """Tells whether a call shows the key that its access token is bound to (section 7)."""

    def __init__(self, reader: ProofReader | None) -> None:
        """Take what reads proofs; None where no token is bound."""
        self._reader = reader

    def check(self, access_token: str, thumbprint: str | None, proof: PresentedProof | None, now: datetime) -> None:
        """Let a call pass whose token is bound to the key of its proof, or bound to none and sent without a proof.

        The proof can come again within its short life: it is good for this token, method and address only. Raises
        ``BoundAccessTokenError`` without a proof, ``InvalidKeyProofError`` for one that is not genuine, and
        ``InvalidAccessTokenError`` where the token is not bound to its key.
        """
        if proof is None:
            if thumbprint is not None:
                raise BoundAccessTokenError
            return
        verified = None if self._reader is None else self._reader.read(proof, now, access_token=access_token)
        if verified is None:
            raise InvalidKeyProofError
        if verified.thumbprint != thumbprint:
            raise InvalidAccessTokenError
