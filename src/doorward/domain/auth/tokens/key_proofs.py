"""Proofs of possession of a key (DPoP, RFC 9449), for issuing bound tokens and for using them."""

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
    """The header field ``DPoP`` of a call, and the method and the URL, without query, that the proof must be for."""

    text: str = field(repr=False)
    method: str
    url: str


@frozen
class VerifiedProof:
    """The content of a genuine proof. ``nonce``, a digest of key and ``jti``, shows whether it was used before."""

    thumbprint: str
    nonce: bytes
    expires_at: datetime


class ProofReader(Protocol):
    """Reads the proofs of calls."""

    def read(self, proof: PresentedProof, now: datetime, *, access_token: str | None = None) -> VerifiedProof | None:
        """Return the content of a proof that is genuine for this call, and for the access token if given; else None."""
        ...


class KeyProofs:
    """Verifies the proofs in requests for tokens. Each proof works once."""

    def __init__(self, *, database: Database[Connection], clock: Clock, reader: ProofReader) -> None:
        self._database = database
        self._clock = clock
        self._reader = reader

    def verify(self, proof: PresentedProof) -> VerifiedProof:
        """Return the content of a genuine proof, without consuming it. Raises ``InvalidKeyProofError``."""
        verified = self._reader.read(proof, self._clock.now())
        if verified is None:
            raise InvalidKeyProofError
        return verified

    async def consume(self, proof: VerifiedProof) -> None:
        """Store that a proof was used, committed when this returns. Raises ``InvalidKeyProofError`` on a second use."""
        async with self._database.connection() as connection:
            is_first = await use_once(connection, proof.nonce, expires_at=proof.expires_at)
        if not is_first:
            raise InvalidKeyProofError


class Possession:
    """Checks whether a call proves possession of the key of its access token (RFC 9449 section 7)."""

    def __init__(self, reader: ProofReader | None) -> None:
        """Store the reader of proofs; None if no token is ever bound."""
        self._reader = reader

    def check(self, access_token: str, thumbprint: str | None, proof: PresentedProof | None, now: datetime) -> None:
        """Accept a token that is bound to the key of the call's proof, or an unbound one that is sent without a proof.

        A proof can be sent again within its short lifetime: it is valid for this token, method and URL only. Raises
        ``BoundAccessTokenError`` for a bound token without a proof, ``InvalidKeyProofError`` for a proof that is not
        genuine, and ``InvalidAccessTokenError`` if the token is not bound to the key of the proof.
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
