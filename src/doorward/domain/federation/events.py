"""The events of foreign issuers and their users."""

from dataclasses import dataclass
from typing import Final

from doorward.core.events import AuditedEvent, Counter, Event
from doorward.domain.auth.events import REGISTRATIONS

FOREIGN_TOKENS: Final = Counter(
    "doorward_foreign_tokens_total", "Tokens of trusted issuers that were not accepted", "outcome"
)


@dataclass(frozen=True)
class ExternalUserCreated(AuditedEvent):
    """The first request of a trusted issuer's subject that may do something made the account `new_user_id`."""

    type = "user.external_created"
    log_event = "federation.user.created"
    user_fact = "new_user_id"
    outcome = "success"
    counted = ((REGISTRATIONS, "external"),)


@dataclass(frozen=True)
class ForeignTokenRefused(Event):
    """Refused with 401: a token that names the trusted issuer `issuer`.

    `reason` says what the token lacks, that the key was not shown that it is bound to, or that the local user is
    deactivated. It has no part of the token.
    """

    log_event = "federation.token.refused"
    outcome = "failure"
    counted = ((FOREIGN_TOKENS, "refused"),)
    issuer: str
    reason: str


@dataclass(frozen=True)
class IssuerUnavailable(Event):
    """Answered 503: the keys of the trusted issuer `issuer` are not known, and could not be fetched."""

    log_event = "federation.issuer.unavailable"
    level = "warning"
    outcome = "failure"
    counted = ((FOREIGN_TOKENS, "unavailable"),)
    issuer: str
