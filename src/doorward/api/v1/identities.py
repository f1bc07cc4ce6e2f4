"""Routes for a user's linked identities at other OpenID providers. Linking needs a browser, so it is not here."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from doorward.api.caller import CurrentCaller
from doorward.api.policy import ACCOUNT, FRESH_ACCOUNT, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.identities import IdentityListResponse, IdentityResponse
from doorward.api.services import CurrentServices
from doorward.api.v1.account import ACCOUNT_PATH, TAG
from doorward.core.ports import LimitedCall
from doorward.domain.federation.exceptions import IdentityNotFoundError, LastWayInError

IDENTITIES_PATH: Final = f"{ACCOUNT_PATH}/identities"
IDENTITY_PATH: Final = f"{IDENTITIES_PATH}/{{identity_id:uuid}}"
OWN_POLICY: Final = RoutePolicy(ACCOUNT, limit_of_address=LimitedCall.FACTORS)
CHANGE_POLICY: Final = RoutePolicy(FRESH_ACCOUNT, limit_of_address=LimitedCall.FACTORS)
HTTP_HINTS: Final[HttpHints] = {
    IdentityNotFoundError: f"List them: GET {IDENTITIES_PATH}.",
    LastWayInError: "Set a password first, or add a passkey.",
}


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call("GET", IDENTITIES_PATH, list_identities, OWN_POLICY, tag=TAG),
        Call(
            "DELETE",
            IDENTITY_PATH,
            unlink_identity,
            CHANGE_POLICY,
            tag=TAG,
            status=204,
            refusals=(IdentityNotFoundError, LastWayInError),
        ),
    ]


async def list_identities(caller: CurrentCaller, services: CurrentServices) -> IdentityListResponse:
    """List the identities at other providers with which you can sign in to your account."""
    linked = await services.own_account.identities.list(caller.user.id)
    return IdentityListResponse(identities=[IdentityResponse.of(each) for each in linked])


async def unlink_identity(identity_id: UUID, caller: CurrentCaller, services: CurrentServices) -> None:
    """Unlink an identity. It can no longer be used to sign in to your account."""
    await services.own_account.identities.unlink(caller, identity_id)
