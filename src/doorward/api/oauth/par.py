"""POST /oauth/par (RFC 9126): stores an authorization request before the client redirects the browser."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Depends, Request, Response

from doorward.api.bodies import FormBody
from doorward.api.key_proofs import bind_to_key, verified_proof
from doorward.api.oauth.client_forms import (
    REFUSALS_OF_AUTHENTICATION,
    TAG,
    ClientCheck,
    authenticated_client,
    policy_of,
)
from doorward.api.oauth_errors import oauth_refusal
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import Origins
from doorward.api.routing import Call
from doorward.api.schemas.pushed_requests import PushedRequestForm, PushedRequestResponse
from doorward.core.ports import LimitedCall
from doorward.domain.auth.tokens.key_proof_exceptions import InvalidKeyProofError
from doorward.domain.auth.tokens.key_proofs import VerifiedProof
from doorward.domain.oauth.authorization_request import RefusedAuthorization
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.models import AuthenticatedClient
from doorward.domain.oauth.pushed_requests import LIFETIME

PATH: Final = "/oauth/par"
CREATED: Final = 201
_Form = FormBody[PushedRequestForm]


class _Client(ClientCheck):
    async def __call__(self, request: Request, form: _Form) -> AuthenticatedClient:
        """Return the client and the resource that it names. Raises what ``authenticated_client`` raises."""
        return await authenticated_client(request, form, form.resource)


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the route; none without the pages for the browser."""
    if not provider.has_pages:
        return []

    async def _proof(request: Request) -> VerifiedProof | None:
        return verified_proof(request, provider)

    async def push_authorization_request(
        form: _Form,
        proof: Annotated[VerifiedProof | None, Depends(_proof)],
        asking: Annotated[AuthenticatedClient, Depends(_Client())],
    ) -> PushedRequestResponse | Response:
        """Store an authorization request and return its `request_uri`.

        A browser opens `/oauth/authorize` with `client_id` and `request_uri` within 60 seconds, once. A proof in the
        header `DPoP` binds the code to its key, as `dpop_jkt` does (RFC 9449 section 10.1).
        """
        parameters = {**form.parameters(), "client_id": asking.client.client_id}
        binding = await bind_to_key(proof, asking.client, provider)
        if binding is not None and parameters.setdefault("dpop_jkt", binding.thumbprint) != binding.thumbprint:
            raise InvalidKeyProofError
        pushed = await provider.pushed_requests.push(asking.client, parameters, asking.resource)
        if isinstance(pushed, RefusedAuthorization):
            return oauth_refusal(pushed.error, pushed.description)
        return PushedRequestResponse(request_uri=pushed, expires_in=int(LIFETIME.total_seconds()))

    return [
        Call(
            "POST",
            PATH,
            push_authorization_request,
            policy_of(LimitedCall.PUSHED_REQUEST, Origins.NONE),
            tag=TAG,
            status=CREATED,
            answer=PushedRequestResponse,
            refusals=(*REFUSALS_OF_AUTHENTICATION, InvalidAuthorizationError, InvalidKeyProofError),
        )
    ]
