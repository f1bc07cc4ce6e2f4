"""All errors of changes of keys. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class KeysNotInUseError(DomainError):
    kind = Kind.FORBIDDEN
    code = "keys_not_in_use"
    detail = "This service signs no tokens for other services. Its operator has to set PUBLIC_URL, to an https address."


class SigningKeyNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "signing_key_not_found"
    detail = "There is no signing key of this kid."


class SigningKeyExistsError(DomainError):
    """The key exists, or was revoked: a revoked key is never used again."""

    kind = Kind.CONFLICT
    code = "signing_key_exists"
    detail = "This key is known already."


class KeyRotationPendingError(DomainError):
    """The next key is published, and its activation time is in the future."""

    kind = Kind.CONFLICT
    code = "key_rotation_pending"
    detail = "A rotation is under way: the next key is published and signs within 24 hours."


class InvalidKeyFileError(DomainError):
    kind = Kind.INVALID
    code = "invalid_key_file"
    detail = (
        "The file is no private key that can sign: PEM without a passphrase or a JWK; RSA from 2048 to 8192 bits with "
        "the exponent 65537, or EC on P-256."
    )


class SigningKeysUnreadableError(DomainError):
    """A published key cannot be opened with this process's sealing keys, so it must not add keys to the ring."""

    kind = Kind.UNAVAILABLE
    code = "signing_keys_unreadable"
    detail = "The signing keys cannot be opened: SECRET_KEY or ENCRYPTION_KEYS is not what they were stored with."
    retry_after_seconds = 60
