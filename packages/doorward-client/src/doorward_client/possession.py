"""Whether a call shows the key that its access token is bound to (DPoP, RFC 9449 section 7)."""

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
"""Some 20 MB. A proof is remembered for 90 s: so many calls with bound tokens in that time."""


class UsedProofs:
    """The proofs that were used, in this process, for as long as their age does not refuse them."""

    def __init__(self, *, capacity: int = REMEMBERED_PROOFS) -> None:
        self._capacity = capacity
        self._nonces: set[bytes] = set()
        self._expirations: list[tuple[float, bytes]] = []
        self._lock = threading.Lock()

    def consume(self, proof: VerifiedProof, now: float) -> None:
        """Remember a proof. Raises ``InvalidProofError`` for one that was used.

        Raises ``UnavailableError`` when no more can be remembered: to forget one would let it be used again.
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
    """Lets calls pass whose token is bound to the key of their proof, each proof once.

    Without a proof those pass whose token is bound to none, unless ``is_required``.
    """

    def __init__(
        self, *, is_required: bool = False, now: Callable[[], float] = time.time, used: UsedProofs | None = None
    ) -> None:
        """``now`` is in seconds since 1970."""
        self._is_required = is_required
        self._now = now
        self._used = used or UsedProofs()

    def check(self, access_token: str, thumbprint: str | None, proof: PresentedProof | None) -> None:
        """Take the thumbprint that a valid token is bound to, None for none, and the proof of the call, if it has one.

        Raises ``BoundTokenError`` without a proof, ``InvalidProofError`` for one that is not genuine, not for this
        call or used before, ``InvalidTokenError`` where the token is not bound to its key, and ``UnavailableError``
        when too many proofs were used in a short time.
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
