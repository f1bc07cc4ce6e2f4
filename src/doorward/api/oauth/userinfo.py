"""GET and POST /oauth/userinfo: what an application may know of its user (OpenID Connect Core section 5.3)."""

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
    """Return the calls. The token stands in the Authorization header alone, also with POST."""
    return [
        Call("GET", PATH, read_user_info, POLICY, tag=TAG, answer=UserInfoResponse),
        Call("POST", PATH, post_user_info, POLICY, tag=TAG, answer=UserInfoResponse),
    ]


async def read_user_info(caller: CurrentCaller) -> Response:
    """Read what the scopes of the access token tell of its user: `profile` the user name, `email` the address."""
    return _answer(caller)


async def post_user_info(caller: CurrentCaller) -> Response:
    """Do as with GET. A body is ignored."""
    return _answer(caller)


def _answer(caller: Caller) -> Response:
    """Leave out what is not told: null would be a value (section 5.3.2)."""
    return Response(UserInfoResponse.of(caller).model_dump_json(exclude_none=True), media_type=JSON)
