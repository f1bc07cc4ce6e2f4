"""The refusals of foreign issuers' tokens that no other token has."""

from doorward.core.exceptions import DomainError, Kind


class IssuerUnavailableError(DomainError):
    """The keys of a trusted issuer are not known, and could not be fetched. A later retry may succeed."""

    kind = Kind.UNAVAILABLE
    code = "issuer_unavailable"
    detail = "The issuer of the access token cannot be asked for its keys at the moment."
    retry_after_seconds = 5
