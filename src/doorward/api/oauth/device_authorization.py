"""POST /oauth/device_authorization (RFC 8628): issues a code that a device without a browser shows its user."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Depends, Request

from doorward.api.bodies import FormBody
from doorward.api.oauth.client_forms import (
    REFUSALS_OF_AUTHENTICATION,
    TAG,
    ClientCheck,
    authenticated_client,
    policy_of,
)
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import Origins
from doorward.api.routing import Call
from doorward.api.schemas.device_authorization import DeviceAuthorizationForm, DeviceAuthorizationResponse
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidTargetError
from doorward.domain.oauth.exceptions import GrantNotAllowedError, ScopesNotAllowedError
from doorward.domain.oauth.models import AuthenticatedClient

PATH: Final = "/oauth/device_authorization"
PAGE: Final = "/account/device"
_Form = FormBody[DeviceAuthorizationForm]


class _Client(ClientCheck):
    async def __call__(self, request: Request, form: _Form) -> AuthenticatedClient:
        """Return the client and the resource that it names. Raises what ``authenticated_client`` raises."""
        return await authenticated_client(request, form, form.resource)


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the route; none without the page on which users enter the code."""
    if not provider.has_pages:
        return []

    async def begin_device_authorization(
        form: _Form, asking: Annotated[AuthenticatedClient, Depends(_Client())]
    ) -> DeviceAuthorizationResponse:
        """Issue a code that the user enters in a browser, and a code with which the device requests its tokens."""
        begun = await provider.devices.begin(
            asking.client, scope=form.scope, identifier=form.resource, resource=asking.resource
        )
        return DeviceAuthorizationResponse.of(begun, f"{provider.issuer}{PAGE}")

    return [
        Call(
            "POST",
            PATH,
            begin_device_authorization,
            policy_of(LimitedCall.DEVICE_AUTHORIZATION, Origins.NONE),
            tag=TAG,
            answer=DeviceAuthorizationResponse,
            refusals=(
                *REFUSALS_OF_AUTHENTICATION,
                GrantNotAllowedError,
                InvalidTargetError,
                ScopesNotAllowedError,
            ),
        )
    ]
