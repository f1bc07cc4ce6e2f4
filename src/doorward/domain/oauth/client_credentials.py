"""Use case: a client gets an access token for itself (RFC 6749 section 4.4)."""

from doorward.core.exceptions import DomainError
from doorward.core.ports import Clock
from doorward.domain.oauth.events import ClientTokenIssued, ClientTokenRefused
from doorward.domain.oauth.exceptions import GrantNotAllowedError, ScopesNotAllowedError
from doorward.domain.oauth.models import ClientToken, OAuthClient, ResourceContent
from doorward.domain.oauth.policy import CLIENT_CREDENTIALS
from doorward.domain.oauth.ports import ClientTokenSigner
from doorward.domain.oauth.token_policy import Audiences, grantable_client_scopes
from doorward.observability.logging import report


class ClientCredentials:
    """Issues access tokens to authenticated clients, for themselves."""

    def __init__(self, *, signer: ClientTokenSigner, clock: Clock, audiences: Audiences) -> None:
        self._signer = signer
        self._clock = clock
        self._audiences = audiences

    def issue(
        self,
        client: OAuthClient,
        *,
        scope: str,
        identifier: str | None,
        resource: ResourceContent | None,
        thumbprint: str | None = None,
    ) -> ClientToken:
        """Issue an access token to an authenticated client. ``resource`` is the stored resource of the ``identifier``.

        The audience is the resource, or the issuer if none is named. Without ``scope`` the token has all scopes that
        the client has for this audience. It is bound to the key of the ``thumbprint``, if there is one. Raises
        ``GrantNotAllowedError``, ``InvalidTargetError``, ``ScopesNotAllowedError``, and ``ServiceUnavailableError``
        while there is no signing key.
        """
        try:
            if CLIENT_CREDENTIALS not in client.grant_types:
                raise GrantNotAllowedError
            audience, algorithm = self._audiences.of_client(client, identifier, resource)
            scopes = grantable_client_scopes(client, None if self._audiences.is_built_in(audience) else resource, scope)
            if not scopes:
                raise ScopesNotAllowedError
        except DomainError as refusal:
            report(ClientTokenRefused(client_id=client.client_id, reason=refusal.code))
            raise
        token = self._signer.sign_client(
            client.client_id, scopes, audience, self._clock.now(), algorithm=algorithm, thumbprint=thumbprint
        )
        report(ClientTokenIssued(client_id=client.client_id))
        return ClientToken(token, self._signer.client_seconds, scopes, is_bound=thumbprint is not None)
