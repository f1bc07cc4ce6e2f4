"""The events of foreign issuers and their users."""

from typing import Final, Literal
from uuid import UUID

from doorward.core.events import AuditedEvent, Counter, Event
from doorward.core.frozen import frozen
from doorward.domain.auth.events import LOGINS, REGISTRATIONS
from doorward.domain.auth.sessions.admission import RefusalReason
from doorward.domain.federation.models import IssuerName

FOREIGN_TOKENS: Final = Counter(
    "doorward_foreign_tokens_total", "Tokens of trusted issuers that were not accepted", "outcome"
)


@frozen(slots=False)
class ExternalUserCreated(AuditedEvent):
    """The first request of a trusted issuer's subject that has any scope created the account `new_user_id`."""

    type = "user.external_created"
    log_event = "federation.user.created"
    user_fact = "new_user_id"
    outcome = "success"
    counted = ((REGISTRATIONS, "external"),)


@frozen(slots=False)
class ForeignTokenRefused(Event):
    """A token that names the trusted issuer `issuer` was refused with 401.

    `reason` says what the token lacks, that the call did not prove the key that the token is bound to, or that the
    local user is deactivated. It contains no part of the token.
    """

    log_event = "federation.token.refused"
    outcome = "failure"
    counted = ((FOREIGN_TOKENS, "refused"),)
    issuer: str
    reason: str


@frozen(slots=False)
class IssuerUnavailable(Event):
    """A call was answered with 503: the keys of the trusted issuer `issuer` are not known, and could not be fetched."""

    log_event = "federation.issuer.unavailable"
    level = "warning"
    outcome = "failure"
    counted = ((FOREIGN_TOKENS, "unavailable"),)
    issuer: str


@frozen(slots=False)
class IdentityLinked(AuditedEvent):
    """A user linked an identity at the OpenID provider `issuer`, to sign in with it. The user is notified by mail."""

    type = "identity.linked"
    log_event = "federation.identity.linked"
    outcome = "success"
    issuer: IssuerName


@frozen(slots=False)
class IdentityUnlinked(AuditedEvent):
    """An identity at the OpenID provider `issuer` was removed from an account, and can no longer sign in.

    If `session_id` is null, the reset of the password of an account whose address was never verified removed it.
    Otherwise the user of that session did, and is notified by mail.
    """

    type = "identity.unlinked"
    log_event = "federation.identity.unlinked"
    outcome = "success"
    issuer: IssuerName


@frozen(slots=False)
class FederatedLoginRefused(Event):
    """A user who returned from the OpenID provider `provider` was not signed in.

    `reason` is `state` (forged, of another browser, or too old), `issuer` (RFC 9207: the response is of another
    provider), `declined` (the provider says so), `code` (the provider did not exchange it), `id_token` (it does not
    verify), `auth_time` (a new sign-in was requested, and the provider does not confirm it), `session` (the one that
    wanted to link has ended), `unknown_identity` (linked with no account), `taken` (linked with another), or why the
    account of `target_user_id` may begin no session, as in `auth.login.failed`.
    """

    log_event = "federation.login.refused"
    outcome = "failure"
    counted = ((LOGINS, "failed"),)
    provider: str
    reason: (
        RefusalReason
        | Literal[
            "state",
            "issuer",
            "declined",
            "code",
            "id_token",
            "auth_time",
            "session",
            "unknown_identity",
            "taken",
            "deletion_pending",
        ]
    )
    target_user_id: UUID | None = None


@frozen(slots=False)
class FederatedLoginProven(Event):
    """The OpenID provider `provider` has signed in `target_user_id`, whose session or second factor follows."""

    log_event = "federation.login.proven"
    outcome = "success"
    provider: str
    target_user_id: UUID


@frozen(slots=False)
class LoginProviderUnavailable(Event):
    """A call was answered with 503: the OpenID provider `provider` could not be reached.

    `reason` is `metadata` (not reachable, or without what a login needs), `token` (its token endpoint), or `keys`.
    """

    log_event = "federation.provider.unavailable"
    level = "warning"
    outcome = "failure"
    provider: str
    reason: Literal["metadata", "token", "keys"]
