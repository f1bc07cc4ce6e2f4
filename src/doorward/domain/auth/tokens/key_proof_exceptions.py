"""Errors for calls without a valid proof of the key that a token is bound to (RFC 9449)."""

from doorward.core.exceptions import DomainError, Kind


class BoundAccessTokenError(DomainError):
    """The access token is bound to a key, and was sent without a proof of it (RFC 9449 section 7.2)."""

    kind = Kind.UNAUTHENTICATED
    code = "bound_access_token"
    detail = "The access token is bound to a key. Send it with the scheme DPoP, and a proof of the key for this call."
    oauth_error = "invalid_token"


class InvalidKeyProofError(DomainError):
    """The proof is not for this call, too old, or was used before: the caller must not learn which."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_dpop_proof"
    detail = (
        "The DPoP proof is not valid for this call. Send one new proof, for its method and address, with each call."
    )
    oauth_error = "invalid_dpop_proof"
