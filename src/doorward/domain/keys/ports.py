"""What this domain needs from outside, as Protocols. The implementations are in ``infrastructure``."""

from typing import Protocol

from doorward.domain.keys.models import NewKey, SigningAlgorithm


class KeyMaker(Protocol):
    """Makes keys, reads keys that were made elsewhere, and takes their public parts."""

    async def make(self, algorithm: SigningAlgorithm) -> NewKey:
        """Return a new key. It takes a second for RSA."""
        ...

    def read(self, content: bytes) -> NewKey:
        """Return the private key in a file: PEM or JWK. Raises ``InvalidKeyFileError``."""
        ...

    def public_part(self, jwk: bytes) -> bytes:
        """Return the public JWK of a private or a public one."""
        ...


class PublishedKeySet(Protocol):
    """The key set that other services verify tokens with, as it is at the moment."""

    def jwks(self) -> bytes:
        """Return the JWK Set."""
        ...

    @property
    def etag(self) -> str:
        """Return the entity tag of the JWK Set."""
        ...
