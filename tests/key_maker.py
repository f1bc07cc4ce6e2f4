"""Signing keys for tests: of RSA the smallest that is accepted, which takes a tenth of the time."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from doorward.domain.keys.models import NewKey, SigningAlgorithm
from doorward.infrastructure.signing_keys import LEAST_RSA_BITS, RSA_EXPONENT, SigningKeyMaker


class QuickKeyMaker(SigningKeyMaker):
    async def make(self, algorithm: SigningAlgorithm) -> NewKey:
        if algorithm == "ES256":
            return await super().make(algorithm)
        return self.read(pem_of(rsa.generate_private_key(RSA_EXPONENT, LEAST_RSA_BITS)))


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
