"""GET and POST /oauth/userinfo: the claims about its user that an application may read (OpenID Core section 5.3)."""

from collections.abc import Sequence
from typing import Final

from fastapi import Response

from doorward.api.bodies import JSON
from doorward.api.caller import CurrentCaller
from doorward.api.oauth.client_forms import TAG
from doorward.api.policy import NeedsScope, Origins, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.userinfo import UserInfoResponse
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.domain.oauth.policy import OPENID_SCOPE

PATH: Final = "/oauth/userinfo"
POLICY: Final = RoutePolicy(NeedsScope(OPENID_SCOPE), limit_of_address=LimitedCall.USERINFO, origins=Origins.CLIENTS)


def calls() -> Sequence[Call]:
    """Return the routes. The token is only accepted in the Authorization header, also with POST."""
    return [
        Call("GET", PATH, get_user_info, POLICY, tag=TAG, answer=UserInfoResponse),
        Call("POST", PATH, post_user_info, POLICY, tag=TAG, answer=UserInfoResponse),
    ]


async def get_user_info(caller: CurrentCaller) -> Response:
    """Read the claims that the scopes of the access token allow: `profile` the user name, `email` the address."""
    return _answer(caller)


async def post_user_info(caller: CurrentCaller) -> Response:
    """Do the same as GET. A body is ignored."""
    return _answer(caller)


def _answer(caller: Caller) -> Response:
    """Return the claims without those that are not released: null would be a value (section 5.3.2)."""
    return Response(UserInfoResponse.of(caller).model_dump_json(exclude_none=True), media_type=JSON)
