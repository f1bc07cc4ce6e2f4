"""POST /oauth/device_authorization (RFC 8628): issues a code that a device without a browser shows its user."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import JSON, FormReader
from doorward.api.oauth.client_forms import REFUSALS_OF_AUTHENTICATION, TAG, authenticated_client, policy_of
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import Origins
from doorward.api.routing import Call
from doorward.api.schemas.device_authorization import DeviceAuthorizationForm, DeviceAuthorizationResponse
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidTargetError
from doorward.domain.oauth.exceptions import GrantNotAllowedError, ScopesNotAllowedError

PATH: Final = "/oauth/device_authorization"
PAGE: Final = "/account/device"
_FORM: Final = FormReader(DeviceAuthorizationForm)


def calls(provider: ProviderServices) -> Sequence[Call]:
    """Return the route; none without the page on which users enter the code."""
    if not provider.has_pages:
        return []

    async def begin_device_authorization(request: Request) -> Response:
        """Issue a code that the user enters in a browser, and a code with which the device requests its tokens."""
        form = await _FORM(request)
        asking = await authenticated_client(request, form, form.resource)
        begun = await provider.devices.begin(
            asking.client, scope=form.scope, identifier=form.resource, resource=asking.resource
        )
        answer = DeviceAuthorizationResponse.of(begun, f"{provider.issuer}{PAGE}")
        return Response(answer.model_dump_json(), media_type=JSON)

    return [
        Call(
            "POST",
            PATH,
            begin_device_authorization,
            policy_of(LimitedCall.DEVICE_AUTHORIZATION, Origins.NONE),
            tag=TAG,
            is_direct=True,
            body=_FORM,
            answer=DeviceAuthorizationResponse,
            refusals=(
                *REFUSALS_OF_AUTHENTICATION,
                GrantNotAllowedError,
                InvalidTargetError,
                ScopesNotAllowedError,
            ),
        )
    ]
