"""What webhooks speak of: endpoints, and what came of a call. No I/O."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.frozen import frozen

FailureReason = Literal["gone", "failing"]
"""Why the delivery switches an endpoint off: it answered 410, or took nothing for five days."""

DisabledReason = Literal["operator", "gone", "failing"]
"""Why an endpoint gets no messages. ``operator``: an administrator switched it off."""


@frozen
class EndpointContent:
    """What an administrator says of an endpoint. ``types`` is None for events of all types."""

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
        """Whether it gets messages."""
        return self.disabled_at is None

    def content(self) -> EndpointContent:
        """Return what an administrator said of it."""
        types = None if self.types is None else tuple(self.types)
        return EndpointContent(self.url, self.description, types, self.is_enabled)


@frozen
class NewEndpoint:
    """An endpoint about to be stored, with its sealed secret."""

    id: UUID
    url: str
    description: str
    types: list[str] | None
    secret: bytes
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None


@frozen
class EndpointWithSecret:
    """An endpoint at the only moment at which its secret is shown."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@frozen
class DeliveryTarget:
    """What delivery needs of an endpoint. The secrets are sealed; ``previous_secret`` only while it signs as well."""

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
    """The sealed secrets of an endpoint."""

    id: UUID
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)


def sealing_context(endpoint_id: UUID) -> bytes:
    """Return the associated data of a sealed secret: it opens in the row that it was sealed for, and in no other."""
    return b"webhook_endpoints " + endpoint_id.bytes


@frozen
class Answered:
    """The endpoint answered with a status. One that has too much to do may say for how many seconds."""

    status: int
    retry_after_seconds: int | None = None

    @property
    def reason(self) -> str:
        """The status as a word for logs and dead letters."""
        return f"status_{self.status}"


@frozen
class Unanswered:
    """There is no answer that could be understood."""

    reason: Literal["timeout", "connection", "tls", "name_unknown", "address_refused", "too_large", "malformed"]


@frozen
class CallResult:
    """What came of a test call. ``reason`` is None when the endpoint took the message."""

    is_delivered: bool
    status: int | None
    reason: str | None
    seconds: float


@frozen
class DeadLetter:
    """A message that is not tried any more. Where its content is kept, it can be tried again; it is not shown."""

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
