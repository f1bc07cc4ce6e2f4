"""POST /oauth/token (RFC 6749 section 3.2): issues tokens to clients."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fastapi import Request, Response

from doorward.api.admission import count_call
from doorward.api.bodies import JSON, FormReader
from doorward.api.exceptions import MalformedFormError, UnknownGrantError
from doorward.api.key_proofs import bind_to_key, verified_proof
from doorward.api.oauth.client_forms import REFUSALS_OF_AUTHENTICATION, TAG, authenticated_client, policy_of
from doorward.api.oauth_services import ProviderServices
from doorward.api.routing import Call, route_of
from doorward.api.schemas.oauth import AccessTokenResponse, TokenRequestForm
from doorward.api.services import services_of
from doorward.api.standard_forms import missing
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidRefreshTokenError, InvalidTargetError, ScopeNotGrantedError
from doorward.domain.auth.tokens.key_proof_exceptions import InvalidKeyProofError
from doorward.domain.auth.tokens.key_proofs import VerifiedProof
from doorward.domain.oauth.code_models import Redemption
from doorward.domain.oauth.device_exceptions import (
    AuthorizationPendingError,
    DeviceDeniedError,
    ExpiredDeviceCodeError,
    InvalidDeviceCodeError,
    SlowDownError,
)
from doorward.domain.oauth.exceptions import GrantNotAllowedError, InvalidCodeError, ScopesNotAllowedError

PATH: Final = "/oauth/token"
_FORM: Final = FormReader(TokenRequestForm)
_RESOURCE: Final = "resource"
_REFUSALS: Final = (
    *REFUSALS_OF_AUTHENTICATION,
    UnknownGrantError,
    GrantNotAllowedError,
    ScopesNotAllowedError,
    InvalidTargetError,
    InvalidRefreshTokenError,
    InvalidCodeError,
    ScopeNotGrantedError,
    InvalidDeviceCodeError,
    AuthorizationPendingError,
    SlowDownError,
    ExpiredDeviceCodeError,
    DeviceDeniedError,
    InvalidKeyProofError,
)


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the route."""

    async def issue_client_token(request: Request) -> Response:
        """Issue an access token to a client (RFC 6749).

        `authorization_code`: the first tokens of a user's session, for a code that works once. `client_credentials`: a
        token for the client itself. `refresh_token`: the next token pair of a user's session. Each refresh token works
        once. A second use ends the session, and so does its use by a confidential client that it does not belong to.
        The device grant (RFC 8628): the first tokens of a device's session, after its user has approved it. With a
        proof in the header `DPoP`, tokens are bound to its key (RFC 9449).
        """
        form = await _form(request)
        proof = verified_proof(request, provider)
        match form.grant_type:
            case "client_credentials":
                answer = await _issue_for_client(request, form, provider, proof)
            case "refresh_token":
                answer = await _refresh(request, form, provider, proof)
            case "authorization_code":
                answer = await _exchange_code(request, form, provider, proof)
            case "urn:ietf:params:oauth:grant-type:device_code":
                answer = await _exchange_device_code(request, form, provider, proof)
            case _:
                raise UnknownGrantError
        return Response(answer.model_dump_json(exclude_none=True), media_type=JSON)

    policy = policy_of(LimitedCall.OAUTH_TOKEN)
    token = Call("POST", PATH, issue_client_token, policy, tag=TAG, is_direct=True, is_guarded=True)
    return [replace(token, body=_FORM, answer=AccessTokenResponse, refusals=_REFUSALS)]


async def _issue_for_client(
    request: Request, form: TokenRequestForm, provider: ProviderServices, proof: VerifiedProof | None
) -> AccessTokenResponse:
    asking = await authenticated_client(request, form, form.resource)
    binding = await bind_to_key(proof, asking.client, provider)
    token = provider.client_credentials.issue(
        asking.client,
        scope=form.scope,
        identifier=form.resource,
        resource=asking.resource,
        thumbprint=None if binding is None else binding.thumbprint,
    )
    return AccessTokenResponse.of(token)


async def _refresh(
    request: Request, form: TokenRequestForm, provider: ProviderServices, proof: VerifiedProof | None
) -> AccessTokenResponse:
    if form.refresh_token is None:
        raise missing("refresh_token")
    client = (await authenticated_client(request, form)).client
    if not client.is_confidential:
        # Any caller can use the id of a public client, so the address counts, together with first-party refreshes.
        await count_call(LimitedCall.REFRESH, route_of(request), services_of(request).edge)
    scopes = frozenset(form.scope.split()) or None
    binding = await bind_to_key(proof, client, provider)
    tokens = await provider.code_exchange.refresh(client, form.refresh_token, scopes, form.resource, binding)
    return AccessTokenResponse.of_session(tokens)


async def _exchange_code(
    request: Request, form: TokenRequestForm, provider: ProviderServices, proof: VerifiedProof | None
) -> AccessTokenResponse:
    if form.code is None:
        raise missing("code")
    client = (await authenticated_client(request, form)).client
    binding = await bind_to_key(proof, client, provider)
    redemption = Redemption(form.code, form.redirect_uri, form.code_verifier, form.resource, binding)
    return AccessTokenResponse.of_session(await provider.code_exchange.exchange(client, redemption))


async def _exchange_device_code(
    request: Request, form: TokenRequestForm, provider: ProviderServices, proof: VerifiedProof | None
) -> AccessTokenResponse:
    if form.device_code is None:
        raise missing("device_code")
    client = (await authenticated_client(request, form)).client
    binding = await bind_to_key(proof, client, provider)
    return AccessTokenResponse.of_session(await provider.device_exchange.exchange(client, form.device_code, binding))


async def _form(request: Request) -> TokenRequestForm:
    """Return the form. A second ``resource`` raises ``InvalidTargetError``.

    RFC 8707 allows it, but tokens of this service have only one audience.
    """
    try:
        return await _FORM(request)
    except MalformedFormError as error:
        if error.repeated == {_RESOURCE}:
            raise InvalidTargetError from error
        raise
