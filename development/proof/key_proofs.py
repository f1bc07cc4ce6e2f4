"""A client that holds a key, and proves its possession (DPoP, RFC 9449)."""

import base64
import hashlib
import time
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from development.proof.service import MAIL


class KeyHolder:
    """Creates DPoP proofs with one key, for a service on this machine."""

    def __init__(self) -> None:
        """Generate the key."""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def proof(self, method: str, path: str, access_token: str | None = None) -> str:
        """Return a new proof for one call, bound to the access token if the call has one."""
        claims = {"jti": uuid4().hex, "htm": method, "htu": f"{MAIL['PUBLIC_URL']}{path}", "iat": int(time.time())}
        if access_token is not None:
            digest = hashlib.sha256(access_token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        jwk = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": jwk})
