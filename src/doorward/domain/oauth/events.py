"""The events of clients and resources."""

from typing import Final, Literal
from uuid import UUID

from doorward.core.events import AuditedEvent, Counter, Event
from doorward.core.frozen import frozen
from doorward.domain.oauth.models import ClientId

CLIENT_AUTHENTICATIONS: Final = Counter(
    "doorward_client_authentications_total", "Authentications of OAuth clients", "outcome"
)

CLIENT_TOKENS: Final = Counter("doorward_client_tokens_total", "Access tokens that clients asked for", "outcome")

INTROSPECTIONS: Final = Counter("doorward_introspections_total", "Introspections of access tokens")

CLIENT_DOCUMENTS: Final = Counter(
    "doorward_client_documents_total", "Documents fetched that describe OAuth clients", "outcome"
)

RefusedAuthentication = Literal[
    "malformed",
    "unknown_client",
    "wrong_method",
    "wrong_secret",
    "expired_secret",
    "disabled_client",
    "wrong_assertion",
    "used_assertion",
]


@frozen(slots=False)
class ClientCreated(AuditedEvent):
    """An OAuth client was added."""

    type = log_event = "client.created"
    outcome = "success"
    client_id: ClientId


@frozen(slots=False)
class ClientChanged(AuditedEvent):
    """An OAuth client or its keys were changed."""

    type = log_event = "client.changed"
    outcome = "success"
    client_id: ClientId


@frozen(slots=False)
class ClientSecretRotated(AuditedEvent):
    """An OAuth client got a new secret. The previous one works for 7 more days."""

    type = log_event = "client.secret_rotated"
    outcome = "success"
    client_id: ClientId


@frozen(slots=False)
class ClientDisabled(AuditedEvent):
    """An OAuth client was disabled. It gets no more tokens, and its tokens are refused."""

    type = log_event = "client.disabled"
    outcome = "success"
    client_id: ClientId


@frozen(slots=False)
class ClientEnabled(AuditedEvent):
    """An OAuth client was enabled, and gets tokens again. Tokens from before stay refused."""

    type = log_event = "client.enabled"
    outcome = "success"
    client_id: ClientId


@frozen(slots=False)
class ClientRemoved(AuditedEvent):
    """An OAuth client was removed with its secrets."""

    type = log_event = "client.removed"
    outcome = "success"
    client_id: ClientId


@frozen(slots=False)
class ResourceChanged(AuditedEvent):
    """A resource, an audience of tokens, was `created` or `removed`."""

    type = log_event = "resource.changed"
    outcome = "success"
    resource_id: UUID
    change: Literal["created", "removed"]


@frozen(slots=False)
class RegistrationTokenChanged(AuditedEvent):
    """A token by which OAuth clients register themselves was `created` or `removed`."""

    type = log_event = "registration_token.changed"
    outcome = "success"
    token_id: UUID
    change: Literal["created", "removed"]


@frozen(slots=False)
class ClientAuthenticated(Event):
    """An OAuth client authenticated, or sent its id if it has no secret."""

    log_event = "client.authenticated"
    level = "debug"
    outcome = "success"
    counted = ((CLIENT_AUTHENTICATIONS, "succeeded"),)
    client_id: str


@frozen(slots=False)
class ClientAuthenticationFailed(Event):
    """An OAuth client was refused with `invalid_client`. `reason` is not sent to the caller.

    `client_id` is missing if no client has the id that was sent.
    """

    log_event = "client.authentication_failed"
    level = "warning"
    outcome = "failure"
    counted = ((CLIENT_AUTHENTICATIONS, "failed"),)
    reason: RefusedAuthentication
    client_id: str | None = None


@frozen(slots=False)
class ClientTokenIssued(Event):
    """An OAuth client got an access token for itself. The log line of the request names the client, too."""

    log_event = "client.token_issued"
    level = "debug"
    outcome = "success"
    counted = ((CLIENT_TOKENS, "issued"),)
    client_id: str


@frozen(slots=False)
class ClientTokenRefused(Event):
    """An authenticated OAuth client got no access token for itself.

    `reason` is `unauthorized_client`, `scopes_not_allowed` or `invalid_target`.
    """

    log_event = "client.token_refused"
    outcome = "failure"
    counted = ((CLIENT_TOKENS, "refused"),)
    client_id: str
    reason: str


@frozen(slots=False)
class TokenIntrospected(Event):
    """An OAuth client introspected a token, and the answer was `active` or `inactive`.

    For tokens that a client may not introspect, the answer is always `inactive`.
    """

    log_event = "client.token_introspected"
    level = "debug"
    outcome = "success"
    counted = ((INTROSPECTIONS, ""),)
    client_id: str
    answer: Literal["active", "inactive"]


@frozen(slots=False)
class ClientDocumentRefused(Event):
    """A document that describes an application could not be used.

    `reason` is `invalid`, `busy` while too many are fetched, or why it could not be fetched.
    """

    log_event = "client.document_refused"
    level = "warning"
    outcome = "failure"
    counted = ((CLIENT_DOCUMENTS, "refused"),)
    host: str
    reason: str


@frozen(slots=False)
class ClientDocumentRead(Event):
    """A document that describes an application was fetched."""

    log_event = "client.document_read"
    outcome = "success"
    counted = ((CLIENT_DOCUMENTS, "read"),)
    host: str
