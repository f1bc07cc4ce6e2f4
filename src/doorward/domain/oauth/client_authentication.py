"""Use case: authenticate the client that sent a request (RFC 6749 section 2.3)."""

import base64
import binascii
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus

from doorward.core.ports import Batching, Clock, Database
from doorward.domain.oauth.client_assertions import ClientAssertions
from doorward.domain.oauth.client_secret import hash_of
from doorward.domain.oauth.events import ClientAuthenticated, ClientAuthenticationFailed, RefusedAuthentication
from doorward.domain.oauth.exceptions import InvalidClientError, SeveralAuthenticationsError
from doorward.domain.oauth.models import (
    NO_SECRET,
    PRIVATE_KEY,
    AuthenticatedClient,
    AuthMethod,
    OAuthClient,
    PresentedAssertion,
    PresentedCredentials,
    StoredClient,
)
from doorward.domain.oauth.policy import is_resource_identifier, judge_authentication, may_be_a_client_id
from doorward.domain.oauth.repositories import Connection, clients
from doorward.observability.logging import report

_Asked = tuple[str, str | None, str | None]
"""The id of a client, the identifier of a resource, and the id of the client of a token."""

MAXIMUM_BASIC_LENGTH: Final = 2048
"""Maximum length of a Basic header: more than the longest id and secret need with each character encoded."""


class ClientAuthentication:
    """Authenticates clients. All refusals have the same response, and those of secrets take the same work."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        batching: Batching,
        clock: Clock,
        built_in_resources: Collection[str],
        assertions: ClientAssertions | None = None,
    ) -> None:
        """Refuse all assertions if ``assertions`` is None, because the provider is off."""
        self._database = database
        self._built_in_resources = built_in_resources
        self._lookups = batching("client_lookups", self._look_up)
        self._clock = clock
        self._assertions = assertions

    async def authenticate(self, presented: PresentedCredentials) -> OAuthClient:
        """Return the client with these credentials.

        Raises ``SeveralAuthenticationsError``, ``ServiceUnavailableError``, also while the keys of a client with an
        assertion cannot be fetched, and ``InvalidClientError`` for everything else. With a secret, neither the response
        nor its time reveals whether the client is unknown or disabled, its secret wrong or expired, or the method not
        the registered one. Malformed credentials are refused without a query.
        """
        return (await self.authenticate_for(presented)).client

    def assertion(self, text: str) -> PresentedAssertion:
        """Return an assertion as credentials; they name no client if assertions are not accepted."""
        return PresentedAssertion(text, None) if self._assertions is None else self._assertions.presented(text)

    async def authenticate_for(
        self, presented: PresentedCredentials, identifier: str | None = None, token_client_id: str | None = None
    ) -> AuthenticatedClient:
        """Return the client, the stored resource of this identifier, and the client of a token, in one statement.

        Raises as ``authenticate`` does.
        """
        method, client_id, secret = read_credentials(presented)
        if client_id is None or secret is None or not may_be_a_client_id(client_id):
            report(ClientAuthenticationFailed(reason="malformed"))
            raise InvalidClientError
        secret_hash, now = hash_of(secret), self._clock.now()
        if identifier not in self._built_in_resources and not is_resource_identifier(identifier or ""):
            identifier = None
        stored = await self._lookups.ask((client_id, identifier, token_client_id))
        refusal = judge_authentication(stored, method, secret_hash, now)
        if refusal is None and method == PRIVATE_KEY:
            refusal = await self._judge_assertion(presented, client_id, now)
        if stored is None or refusal is not None:
            report(
                ClientAuthenticationFailed(
                    reason=refusal or "unknown_client", client_id=None if stored is None else client_id
                )
            )
            raise InvalidClientError
        report(ClientAuthenticated(client_id=client_id))
        return AuthenticatedClient(stored.client, stored.resource, stored.token_client)

    async def _judge_assertion(
        self, presented: PresentedCredentials, client_id: str, now: datetime
    ) -> RefusedAuthentication | None:
        if self._assertions is None or presented.assertion is None:
            return "wrong_assertion"
        return await self._assertions.judge(presented.assertion.text, client_id, now)

    async def _look_up(self, asked: Sequence[_Asked]) -> Sequence[StoredClient | None]:
        """Find each client with its resource and token client.

        Equal look-ups are merged, because many calls have the same.
        """
        distinct = list(dict.fromkeys(asked))
        async with self._database.connection() as connection:
            found = await clients.list_clients_with_hashes(connection, *zip(*distinct, strict=True))
        stored_of = {each: _unless_placeholder(stored, each[0]) for each, stored in zip(distinct, found, strict=True)}
        return [stored_of[each] for each in asked]


def _unless_placeholder(stored: StoredClient | None, client_id: str) -> StoredClient | None:
    """Return the client, unless it is the built-in one that was read in place of an unknown client."""
    return stored if stored is not None and stored.client.client_id == client_id else None


def read_credentials(presented: PresentedCredentials) -> tuple[AuthMethod, str | None, str | None]:
    """Return the method, the client's id and its secret. An id or secret that cannot be read is None.

    A ``client_id`` in the form is accepted beside a Basic header with the same id. Raises
    ``SeveralAuthenticationsError``.
    """
    if presented.assertion is not None:
        named = presented.assertion.client_id
        if presented.authorization is not None or presented.client_secret is not None:
            raise SeveralAuthenticationsError
        return PRIVATE_KEY, named if presented.client_id in {None, named} else None, ""
    if presented.authorization is None:
        method: AuthMethod = NO_SECRET if presented.client_secret is None else "client_secret_post"
        return method, presented.client_id, _encodable(presented.client_secret or "")
    if presented.client_secret is not None:
        raise SeveralAuthenticationsError
    client_id, secret = _basic(presented.authorization)
    if client_id is not None and presented.client_id not in {None, client_id}:
        raise SeveralAuthenticationsError
    return "client_secret_basic", client_id, secret


def _basic(authorization: str) -> tuple[str | None, str | None]:
    """Return the id and the secret of a Basic header, each form-decoded (RFC 6749 section 2.3.1), or None."""
    scheme, _, credentials = authorization.strip(" \t").partition(" ")
    if scheme.lower() != "basic" or len(authorization) > MAXIMUM_BASIC_LENGTH:
        return None, None
    try:
        text = base64.b64decode(credentials.strip(" \t"), validate=True).decode()
        client_id, colon, secret = text.partition(":")
        decoded = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):
        return None, None
    return decoded if colon else (None, None)


def _encodable(secret: str) -> str | None:
    """Return the secret if UTF-8 can encode it; None for any other."""
    return None if any("\ud800" <= each <= "\udfff" for each in secret) else secret
