"""The models of webhooks: endpoints, results of calls, and dead letters. No I/O."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.frozen import frozen

FailureReason = Literal["gone", "failing"]
"""Why the delivery disables an endpoint: it answered 410, or accepted no message for five days."""

DisabledReason = Literal["operator", "gone", "failing"]
"""Why an endpoint is disabled. ``operator``: by an administrator."""


@frozen
class EndpointContent:
    """The fields of an endpoint that administrators set. ``types`` is None for events of all types."""

    url: str
    description: str = ""
    types: tuple[str, ...] | None = None
    is_enabled: bool = True


@frozen
class Endpoint:
    """A stored endpoint without its secrets. ``failing_since`` is the first failure after the last success."""

    id: UUID
    url: str
    description: str
    types: list[str] | None
    version: int
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    failing_since: datetime | None

    @property
    def is_enabled(self) -> bool:
        """Whether messages are sent to it."""
        return self.disabled_at is None

    def content(self) -> EndpointContent:
        """Return the fields that administrators set."""
        types = None if self.types is None else tuple(self.types)
        return EndpointContent(self.url, self.description, types, self.is_enabled)


@frozen
class NewEndpoint:
    """An endpoint to be stored, with its encrypted secret."""

    id: UUID
    url: str
    description: str
    types: list[str] | None
    secret: bytes = field(repr=False)
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None


@frozen
class EndpointWithSecret:
    """An endpoint with its new secret, which is shown only once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@frozen
class DeliveryTarget:
    """The data of an endpoint for delivery. Secrets are encrypted; ``previous_secret`` is None once it has expired."""

    id: UUID
    url: str
    is_enabled: bool
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)
    faults: int
    is_paused: bool
    failing_since: datetime | None


@frozen
class StoredSecrets:
    """The encrypted secrets of an endpoint."""

    id: UUID
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)


def sealing_context(endpoint_id: UUID) -> bytes:
    """Return the associated data of an encrypted secret, which can only be decrypted in the row it was made for."""
    return b"webhook_endpoints " + endpoint_id.bytes


@frozen
class Answered:
    """The endpoint answered with a status, and possibly with a Retry-After."""

    status: int
    retry_after_seconds: int | None = None

    @property
    def reason(self) -> str:
        """The status as a word for logs and dead letters."""
        return f"status_{self.status}"


@frozen
class NoAnswer:
    """The endpoint gave no answer, or none that could be parsed."""

    reason: Literal["timeout", "connection", "tls", "name_unknown", "address_refused", "too_large", "malformed"]


@frozen
class CallResult:
    """The result of a test call. ``reason`` is None if the endpoint accepted the message."""

    is_delivered: bool
    status: int | None
    reason: str | None
    seconds: float


@frozen
class DeadLetter:
    """A message that is no longer retried automatically. If its content is kept, it can be retried; it is not shown."""

    id: int
    message_id: UUID
    channel: str
    kind: str
    endpoint: UUID | None
    attempts: int
    reason: str
    is_kept: bool
    created_at: datetime
    died_at: datetime


Changes = Mapping[str, object]
"""Fields of ``EndpointContent`` to change, by name."""
