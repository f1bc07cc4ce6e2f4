"""The ports of this domain, as Protocols. The implementations are in ``infrastructure``."""

from typing import Protocol

from doorward.domain.keys.models import NewKey, SigningAlgorithm


class KeyMaker(Protocol):
    """Creates keys, reads key files, and extracts public parts."""

    async def make(self, algorithm: SigningAlgorithm) -> NewKey:
        """Create a key. An RSA key takes about a second."""
        ...

    def read(self, content: bytes) -> NewKey:
        """Return the private key in a file: PEM or JWK. Raises ``InvalidKeyFileError``."""
        ...

    def public_part(self, jwk: bytes) -> bytes:
        """Return the public JWK of a private or public JWK."""
        ...


class PublishedKeySet(Protocol):
    """The current key set with which other services verify tokens."""

    def jwks(self) -> bytes:
        """Return the JWK Set."""
        ...

    @property
    def etag(self) -> str:
        """Return the entity tag of the JWK Set."""
        ...
