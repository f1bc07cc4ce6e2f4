"""The formats of bcrypt hashes: ours, and those of other systems, which prepare the password differently.

All have the cost of bcrypt, so that the table of ``password_work`` gives all refusals the same cost.
"""

import base64
import hashlib
import hmac
import re
from enum import Enum, auto
from typing import Final

import bcrypt

from doorward.core.frozen import frozen
from doorward.domain.auth.passwords.policy import normalize_password
from doorward.infrastructure.password_work import BCRYPT_MINIMUM_COST

BCRYPT_MAXIMUM_BYTES: Final = 72
MAXIMUM_OWN_COST: Final = 16
"""Maximum cost of our format. ``BCRYPT_ROUNDS`` sets the actual one."""

MAXIMUM_FOREIGN_COST: Final = 15
"""Maximum cost of all other formats: about two seconds of processor time."""

_ALPHABET: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
"""bcrypt's base64 alphabet."""

_SPARE_BITS_OF_SALT: Final = 4
_SPARE_BITS_OF_CHECKSUM: Final = 2
"""Unused bits of the last character: 22 characters carry 132 bits for 16 bytes, 31 characters 186 for 23 bytes."""


class Preparation(Enum):
    """How bcrypt's input is made from a password."""

    KEYED_DIGEST = auto()
    """Our format, published by passlib as version 2: HMAC-SHA-256 of the password in NFKC, keyed with the salt."""
    NOTHING = auto()
    """The password itself, of which bcrypt reads 72 bytes."""
    HEXADECIMAL_DIGEST = auto()
    """Django's ``bcrypt_sha256``: SHA-256 in hexadecimal."""
    BASE64_DIGEST = auto()
    """passlib's version 1: SHA-256 in base64."""


_SALT: Final = r"(?P<salt>[./A-Za-z0-9]{22})"
_CHECKSUM: Final = r"(?P<checksum>[./A-Za-z0-9]{31})"
_KIND: Final = r"(?P<kind>2[aby])"
_CRYPT: Final = rf"\${_KIND}\$(?P<cost>[0-9]{{2}})\${_SALT}{_CHECKSUM}"
"""The format that all bcrypt libraries write."""

_FORMATS: Final = (
    (
        re.compile(rf"\$bcrypt-sha256\$v=2,t=(?P<kind>2b),r=(?P<cost>[0-9]{{1,2}})\${_SALT}\${_CHECKSUM}"),
        Preparation.KEYED_DIGEST,
    ),
    (re.compile(rf"(?:bcrypt\$)?{_CRYPT}"), Preparation.NOTHING),
    (re.compile(rf"bcrypt_sha256\${_CRYPT}"), Preparation.HEXADECIMAL_DIGEST),
    (
        re.compile(rf"\$bcrypt-sha256\${_KIND},(?P<cost>[0-9]{{1,2}})\${_SALT}\${_CHECKSUM}"),
        Preparation.BASE64_DIGEST,
    ),
)


@frozen
class BcryptHash:
    """The parts of a hash. ``cost`` is log2 of the iterations."""

    kind: str
    cost: int
    salt: str
    checksum: str
    preparation: Preparation

    @property
    def is_ours(self) -> bool:
        """Whether new hashes have this format."""
        return self.preparation is Preparation.KEYED_DIGEST

    @property
    def is_affordable(self) -> bool:
        """Whether the cost is within the bounds. bcrypt has no cost below the minimum."""
        return BCRYPT_MINIMUM_COST <= self.cost <= (MAXIMUM_OWN_COST if self.is_ours else MAXIMUM_FOREIGN_COST)

    def matches(self, password: str) -> bool | None:
        """Return whether the password matches; None, without any work, if bcrypt would truncate it."""
        secret = self._secret_of(password)
        if len(secret) > BCRYPT_MAXIMUM_BYTES:
            return None
        beginning = f"${self.kind}${self.cost:02}${self.salt}"
        computed = bcrypt.hashpw(secret, beginning.encode()).decode()
        return hmac.compare_digest(computed[-len(self.checksum) :], self.checksum)

    def _secret_of(self, password: str) -> bytes:
        match self.preparation:
            case Preparation.KEYED_DIGEST:
                return keyed_digest(password, self.salt)
            case Preparation.NOTHING:
                return password.encode()
            case Preparation.HEXADECIMAL_DIGEST:
                return hashlib.sha256(password.encode()).hexdigest().encode()
            case Preparation.BASE64_DIGEST:
                return base64.b64encode(hashlib.sha256(password.encode()).digest())


def keyed_digest(password: str, salt: str) -> bytes:
    """Return bcrypt's input in our format: 44 bytes, so that nothing is truncated."""
    digest = hmac.digest(salt.encode(), normalize_password(password).encode(), hashlib.sha256)
    return base64.b64encode(digest)


def read_bcrypt(stored_hash: str) -> BcryptHash | None:
    """Return the parts of a hash in one of the formats, at any cost; None for any other text.

    Some libraries store a salt with spare bits set, and ignore these bits when they verify. They are cleared here,
    because bcrypt would refuse such a hash.
    """
    for pattern, preparation in _FORMATS:
        if match := pattern.fullmatch(stored_hash):
            return BcryptHash(
                kind=match["kind"],
                cost=int(match["cost"]),
                salt=_without_spare_bits(match["salt"], _SPARE_BITS_OF_SALT),
                checksum=_without_spare_bits(match["checksum"], _SPARE_BITS_OF_CHECKSUM),
                preparation=preparation,
            )
    return None


def _without_spare_bits(text: str, spare_bits: int) -> str:
    return text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) >> spare_bits << spare_bits]
