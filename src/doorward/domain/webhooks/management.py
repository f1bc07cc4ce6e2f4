"""Use cases of administrators: create, list, get, update and delete webhooks, and rotate secrets."""

import dataclasses
import secrets
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from doorward.core.ports import Clock, Database, Sealer
from doorward.core.versions import VersionTest
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.models import Actor
from doorward.domain.audit.recording import record
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.webhooks.dropping import drop_messages
from doorward.domain.webhooks.events import WebhookChanged
from doorward.domain.webhooks.exceptions import (
    StaleWebhookError,
    TooManyWebhooksError,
    WebhookAddressRefusedError,
    WebhookNotFoundError,
)
from doorward.domain.webhooks.models import (
    Changes,
    Endpoint,
    EndpointContent,
    EndpointWithSecret,
    NewEndpoint,
    sealing_context,
)
from doorward.domain.webhooks.policy import MAXIMUM_ENDPOINTS, SECRET_OVERLAP, checked_content
from doorward.domain.webhooks.ports import WebhookSender
from doorward.domain.webhooks.repositories import Connection, endpoints
from doorward.domain.webhooks.signature import SECRET_BYTES, shown_secret
from doorward.observability.logging import report


class Webhooks:
    """Use cases of webhooks. Each change also raises the errors of ``lock_actor``."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        sealer: Sealer,
        sender: WebhookSender,
        known_types: Collection[str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._sender = sender
        self._known_types = known_types

    async def create(self, actor: Actor, content: EndpointContent) -> EndpointWithSecret:
        """Store an endpoint; return it with its secret, which is shown only once.

        Raises the ``Invalid...Error`` classes of content, ``UnknownEventTypeError``, ``WebhookAddressRefusedError``,
        ``TooManyWebhooksError``.
        """
        content = self._checked(content)
        endpoint_id, secret = uuid4(), secrets.token_bytes(SECRET_BYTES)
        event = WebhookChanged(user_id=None, webhook_id=endpoint_id, change="created")
        now = self._clock.now()
        new = NewEndpoint(
            id=endpoint_id,
            url=content.url,
            description=content.description,
            types=None if content.types is None else list(content.types),
            secret=self._sealer.seal(secret, context=sealing_context(endpoint_id)),
            created_at=now,
            disabled_at=None if content.is_enabled else now,
            disabled_reason=None if content.is_enabled else "operator",
        )
        async with self._database.transaction() as connection:
            await lock_actor(connection, actor, AdminScope.WEBHOOKS_WRITE, now=self._clock.now())
            await endpoints.lock_table(connection)
            if await endpoints.count_endpoints(connection) >= MAXIMUM_ENDPOINTS:
                raise TooManyWebhooksError
            await endpoints.add_endpoint(connection, new)
            await record(connection, event)
            stored = _found(await endpoints.find_endpoint(connection, endpoint_id))
        report(event)
        return EndpointWithSecret(stored, shown_secret(secret))

    async def list(self) -> Sequence[Endpoint]:
        """Return all endpoints, oldest first."""
        async with self._database.connection() as connection:
            return await endpoints.list_endpoints(connection)

    async def get(self, endpoint_id: UUID, is_expected: VersionTest) -> Endpoint:
        """Return an endpoint if its version is expected. Raises ``WebhookNotFoundError`` or ``StaleWebhookError``."""
        async with self._database.connection() as connection:
            return _expected(await endpoints.find_endpoint(connection, endpoint_id), is_expected)

    async def update(self, actor: Actor, endpoint_id: UUID, changes: Changes, is_expected: VersionTest) -> Endpoint:
        """Change fields of an endpoint, and reset its recorded failures; return it.

        Raises the errors of ``create`` and ``get``.
        """
        event = WebhookChanged(user_id=None, webhook_id=endpoint_id, change="changed")
        async with self._database.transaction() as connection:
            await lock_actor(connection, actor, AdminScope.WEBHOOKS_WRITE, now=self._clock.now())
            stored = _expected(await endpoints.lock_endpoint(connection, endpoint_id), is_expected)
            content = self._checked(_updated(stored.content(), changes))
            disabled_at, reason = stored.disabled_at, stored.disabled_reason
            if content.is_enabled:
                disabled_at, reason = None, None
            elif stored.is_enabled:
                disabled_at, reason = self._clock.now(), "operator"
            await endpoints.update_endpoint(
                connection,
                endpoint_id,
                content,
                now=self._clock.now(),
                disabled_at=disabled_at,
                disabled_reason=reason,
            )
            await record(connection, event)
            changed = _found(await endpoints.find_endpoint(connection, endpoint_id))
        report(event)
        if stored.is_enabled and not changed.is_enabled:
            await drop_messages(self._database, endpoint_id)
        return changed

    async def delete(self, actor: Actor, endpoint_id: UUID, is_expected: VersionTest) -> None:
        """Delete an endpoint with its messages. Raises ``WebhookNotFoundError`` or ``StaleWebhookError``."""
        event = WebhookChanged(user_id=None, webhook_id=endpoint_id, change="deleted")
        async with self._database.transaction() as connection:
            await lock_actor(connection, actor, AdminScope.WEBHOOKS_WRITE, now=self._clock.now())
            _expected(await endpoints.lock_endpoint(connection, endpoint_id), is_expected)
            await endpoints.remove_endpoint(connection, endpoint_id)
            await record(connection, event)
        report(event)
        await drop_messages(self._database, endpoint_id)

    async def rotate_secret(self, actor: Actor, endpoint_id: UUID, is_expected: VersionTest) -> EndpointWithSecret:
        """Replace the secret, and return the new one, which is shown only once. The old one also signs for 24 hours.

        Raises ``WebhookNotFoundError`` or ``StaleWebhookError``.
        """
        secret, now = secrets.token_bytes(SECRET_BYTES), self._clock.now()
        event = WebhookChanged(user_id=None, webhook_id=endpoint_id, change="secret_rotated")
        async with self._database.transaction() as connection:
            await lock_actor(connection, actor, AdminScope.WEBHOOKS_WRITE, now=self._clock.now())
            _expected(await endpoints.lock_endpoint(connection, endpoint_id), is_expected)
            await endpoints.replace_secret(
                connection,
                endpoint_id,
                secret=self._sealer.seal(secret, context=sealing_context(endpoint_id)),
                previous_until=now + SECRET_OVERLAP,
                now=now,
            )
            await record(connection, event)
            changed = _found(await endpoints.find_endpoint(connection, endpoint_id))
        report(event)
        return EndpointWithSecret(changed, shown_secret(secret))

    def _checked(self, content: EndpointContent) -> EndpointContent:
        content = checked_content(content, self._known_types)
        is_plain = urlsplit(content.url).scheme == "http"
        if (is_plain and not self._sender.allows_plain_http) or not self._sender.is_host_allowed(content.url):
            raise WebhookAddressRefusedError
        return content


def _updated(content: EndpointContent, changes: Changes) -> EndpointContent:
    values: dict[str, Any] = dict(changes)
    return dataclasses.replace(content, **values)


def _found(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise WebhookNotFoundError
    return endpoint


def _expected(endpoint: Endpoint | None, is_expected: VersionTest) -> Endpoint:
    found = _found(endpoint)
    if not is_expected(found.version):
        raise StaleWebhookError
    return found
