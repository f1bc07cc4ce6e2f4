"""Authentication of the client that sends a form: its credentials and its rate limit."""

from typing import Final

from fastapi import Request

from doorward.api.admission import count_call
from doorward.api.caller_checks import AccessCheck, note_checked
from doorward.api.policy import NEEDS_CLIENT, Access, ErrorFormat, NeedsClient, Origins, RoutePolicy
from doorward.api.routing import Refusal, route_of
from doorward.api.schemas.oauth import ASSERTION_TYPE, ClientForm
from doorward.api.services import services_of
from doorward.core.ports import LimitedCall
from doorward.domain.oauth.client_authentication import ClientAuthentication
from doorward.domain.oauth.exceptions import InvalidClientError, SeveralAuthenticationsError
from doorward.domain.oauth.models import AuthenticatedClient, PresentedAssertion, PresentedCredentials
from doorward.observability.request_context import bind_client

TAG: Final = "oauth"
REFUSALS_OF_AUTHENTICATION: Final[tuple[Refusal, ...]] = (InvalidClientError, SeveralAuthenticationsError)


def policy_of(limit: LimitedCall, origins: Origins = Origins.CLIENTS, access: Access = NEEDS_CLIENT) -> RoutePolicy:
    """Return the policy of an endpoint. The route authenticates the client, after its address was counted."""
    return RoutePolicy(access, errors=ErrorFormat.OAUTH_ENDPOINT, limit_of_address=limit, origins=origins)


class ClientCheck(AccessCheck):
    """Authenticates the client that sent a form. Each endpoint with a form of its own has a subclass that reads it."""

    access = NeedsClient


async def authenticated_client(
    request: Request, form: ClientForm, identifier: str | None = None, token_client_id: str | None = None
) -> AuthenticatedClient:
    """Return the client that sent the form, the stored resource of this identifier, and the client of a token.

    A confidential client is also counted by its id, from all its addresses. Others are not: any caller can use their
    ids. Raises what ``ClientAuthentication`` raises, and ``RateLimitExceededError``.
    """
    services = services_of(request)
    headers = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if len(headers) > 1:
        raise SeveralAuthenticationsError
    authorization = headers[0].decode("latin-1") if headers else None
    authentication = services.oauth.client_authentication
    presented = PresentedCredentials(
        authorization, form.client_id, form.client_secret, _assertion_of(form, authentication)
    )
    authenticated = await authentication.authenticate_for(presented, identifier, token_client_id)
    client = authenticated.client
    bind_client(client.client_id)
    route = route_of(request)
    if client.is_confidential and route.policy.limit_of_address is not None:
        await count_call(route.policy.limit_of_address, route, services.edge, caller=f"client {client.client_id}")
    note_checked(request.scope)
    return authenticated


def _assertion_of(form: ClientForm, authentication: ClientAuthentication) -> PresentedAssertion | None:
    """Return the assertion of a form, or None. Raises ``InvalidClientError`` if incomplete or of another type."""
    if form.client_assertion is None and form.client_assertion_type is None:
        return None
    if form.client_assertion is None or form.client_assertion_type != ASSERTION_TYPE:
        raise InvalidClientError
    return authentication.assertion(form.client_assertion)
