"""Signing keys for tests, with the smallest accepted RSA size, which takes a tenth of the time."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from doorward.domain.keys.models import NewKey, SigningAlgorithm
from doorward.infrastructure.signing_keys import MINIMUM_RSA_BITS, RSA_EXPONENT, SigningKeyMaker, as_new_key
from doorward.wiring.keys import KeyRingOptions


class QuickKeyMaker(SigningKeyMaker):
    async def make(self, algorithm: SigningAlgorithm) -> NewKey:
        if algorithm == "ES256":
            return await super().make(algorithm)
        return as_new_key(rsa.generate_private_key(RSA_EXPONENT, MINIMUM_RSA_BITS))


QUICK_RING: Final = KeyRingOptions(QuickKeyMaker())
