"""Proof of possession of the key that an access token is bound to (DPoP, RFC 9449 section 7)."""

import heapq
import threading
import time
from collections.abc import Callable
from typing import Final

from doorward_client.exceptions import (
    BoundTokenError,
    InvalidProofError,
    InvalidTokenError,
    UnavailableError,
)
from doorward_client.proofs import PresentedProof, VerifiedProof, verify_proof

REMEMBERED_PROOFS: Final = 100_000
"""About 20 MB. It limits the calls with bound tokens in the time for which a proof is remembered: 90 s, and up to 120 s
if the clock of its client is ahead."""


class UsedProofs:
    """The proofs that were used in this process. Each is remembered until its age alone refuses it."""

    def __init__(self, *, capacity: int = REMEMBERED_PROOFS) -> None:
        self._capacity = capacity
        self._nonces: set[bytes] = set()
        self._expirations: list[tuple[float, bytes]] = []
        self._lock = threading.Lock()

    def consume(self, proof: VerifiedProof, now: float) -> None:
        """Store that a proof is used. Raises ``InvalidProofError`` if it was used before.

        Raises ``UnavailableError`` if no more proofs can be remembered: a forgotten proof could be used again.
        """
        with self._lock:
            while self._expirations and self._expirations[0][0] <= now:
                self._nonces.discard(heapq.heappop(self._expirations)[1])
            if proof.nonce in self._nonces:
                raise InvalidProofError("The DPoP proof was used before.")
            if len(self._nonces) >= self._capacity:
                raise UnavailableError("Too many calls with DPoP proofs.")
            self._nonces.add(proof.nonce)
            heapq.heappush(self._expirations, (proof.expires_at, proof.nonce))


class Possession:
    """Checks that a token is bound to the key of the call's proof, and that each proof is used once.

    A call without a proof needs a token that is not bound. ``is_required`` refuses such tokens, too.
    """

    def __init__(
        self, *, is_required: bool = False, now: Callable[[], float] = time.time, used: UsedProofs | None = None
    ) -> None:
        """Read the time in seconds since 1970 from ``now``."""
        self._is_required = is_required
        self._now = now
        self._used = used or UsedProofs()

    def check(self, access_token: str, thumbprint: str | None, proof: PresentedProof | None) -> None:
        """Check a call. ``thumbprint`` is that of the key that its valid token is bound to, None if it is not bound.

        ``proof`` is None if the call has none. Raises ``BoundTokenError`` without a proof, ``InvalidProofError`` for
        one that is invalid, for another call or used before, ``InvalidTokenError`` if the token is not bound to its
        key, and ``UnavailableError`` if too many proofs were used in a short time.
        """
        if proof is None:
            if thumbprint is not None:
                raise BoundTokenError
            if self._is_required:
                raise InvalidTokenError("The access token is bound to no key.")
            return
        now = self._now()
        verified = verify_proof(proof, now, access_token=access_token)
        if verified.thumbprint != thumbprint:
            raise InvalidTokenError("The access token is not bound to the key of the DPoP proof.")
        self._used.consume(verified, now)
