"""Hashes of other systems that are not made with bcrypt: which can be verified, and how.

Each module reads one algorithm in all its formats. Hashes are verified in the hasher's threads, whose number bounds the
memory of all together.
"""

from collections.abc import Sequence
from typing import Final

from doorward.domain.auth.ports import HashRefusal, HashRefusedError
from doorward.infrastructure.bcrypt_formats import read_bcrypt
from doorward.infrastructure.foreign_hashes import argon2, firebase, pbkdf2, phpass, scrypt
from doorward.infrastructure.foreign_hashes.bounds import DEFAULT_BOUNDS, Bounds, Reader, Verify
from doorward.infrastructure.foreign_hashes.firebase import SignerKey

MAXIMUM_LENGTH: Final = 512
"""Maximum characters of a hash with its salt. None of these algorithms makes longer ones."""


class ForeignHashes:
    """Reads hashes within the bounds."""

    def __init__(self, bounds: Bounds = DEFAULT_BOUNDS, signer_key: SignerKey | None = None) -> None:
        """Store the bounds, and the signer key of the Firebase project from which hashes come, if there is one."""
        self._bounds = bounds
        self._readers: Sequence[Reader] = (
            argon2.read,
            scrypt.read,
            pbkdf2.read,
            phpass.read,
            lambda text, bounds: firebase.read(text, bounds, signer_key),
        )

    def read(self, stored_hash: str) -> Verify | None:
        """Return a function that verifies the hash; None if its format is not known here, such as that of bcrypt.

        Raises ``HashRefusedError`` for a hash that cannot be verified, or must not be, because of its cost.
        """
        if len(stored_hash) > MAXIMUM_LENGTH or not (stored_hash.isascii() and stored_hash.isprintable()):
            return None
        for read in self._readers:
            verify = read(stored_hash, self._bounds)
            if verify is not None:
                return verify
        return None

    def refusal_of(self, stored_hash: str) -> HashRefusal | None:
        """Return why a hash, which may be one of bcrypt, cannot be verified at a login; None if it can."""
        try:
            if self.read(stored_hash) is not None:
                return None
        except HashRefusedError as error:
            return error.refusal
        bcrypt_hash = read_bcrypt(stored_hash)
        if bcrypt_hash is None:
            return HashRefusal.UNSUPPORTED
        return None if bcrypt_hash.is_affordable else HashRefusal.TOO_COSTLY
