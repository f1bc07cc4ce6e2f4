"""Firebase's variant of scrypt: the derived key encrypts the project's signer key. Needs the package ``cryptography``.

``$firebase-scrypt$ln=14,r=8$separator$salt$checksum`` is our own format, because Firebase exports the parts separately.
The signer key is a setting: it is a secret of the project, and hashes are worthless without it.
"""

import hmac
import re
from typing import Final

from doorward.domain.auth.ports import HashRefusal, HashRefusedError
from doorward.infrastructure.foreign_hashes.bounds import Bounds, Verify, decode_base64, decode_checksum
from doorward.infrastructure.foreign_hashes.scrypt import derive, require_parameters

SignerKey = bytes

_DERIVED_BYTES: Final = 64
_KEY_BYTES: Final = 32
_NONCE: Final = bytes(16)
_BASE64: Final = r"[A-Za-z0-9+/_-]+={0,2}"
_FORMAT: Final = re.compile(
    rf"\$firebase-scrypt\$ln=(?P<n>[0-9]{{1,2}}),r=(?P<r>[0-9]{{1,2}})"
    rf"\$(?P<separator>[A-Za-z0-9+/_-]*={{0,2}})\$(?P<salt>{_BASE64})\$(?P<checksum>{_BASE64})"
)


def read(text: str, bounds: Bounds, signer_key: SignerKey | None) -> Verify | None:
    """Return a function that verifies the hash; None for another algorithm. Raises ``HashRefusedError``."""
    match = _FORMAT.fullmatch(text)
    if match is None:
        return None
    n, r = 2 ** int(match["n"]), int(match["r"])
    require_parameters(n, r, 1, bounds)
    salt, checksum = (
        decode_base64(match["salt"]) + decode_base64(match["separator"]),
        decode_checksum(match["checksum"]),
    )
    if signer_key is None:
        raise HashRefusedError(HashRefusal.NEEDS_SIGNER_KEY)
    key = signer_key
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise HashRefusedError(HashRefusal.NEEDS_PACKAGE) from error

    def verify(password: str) -> bool:
        derived = derive(password, salt, n=n, r=r, p=1, length=_DERIVED_BYTES)[:_KEY_BYTES]
        encryptor = Cipher(algorithms.AES(derived), modes.CTR(_NONCE)).encryptor()
        return hmac.compare_digest(encryptor.update(key) + encryptor.finalize(), checksum)

    return verify
