"""Routes for the applications to which a user has given access."""

from collections.abc import Sequence
from typing import Final

from doorward.api.caller import CurrentCaller
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.applications import ApplicationListResponse, ApplicationResponse
from doorward.api.services import CurrentServices
from doorward.api.v1.account import ACCOUNT_PATH, SESSIONS_POLICY, TAG
from doorward.domain.oauth.exceptions import ApplicationNotFoundError

APPLICATIONS_PATH: Final = f"{ACCOUNT_PATH}/applications"
APPLICATION_PATH: Final = f"{APPLICATIONS_PATH}/{{client_id}}"
HTTP_HINTS: Final[HttpHints] = {ApplicationNotFoundError: "List them: GET /api/v1/account/applications."}


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call("GET", APPLICATIONS_PATH, list_applications, SESSIONS_POLICY, tag=TAG),
        Call(
            "DELETE",
            APPLICATION_PATH,
            revoke_application,
            SESSIONS_POLICY,
            tag=TAG,
            status=204,
            refusals=(ApplicationNotFoundError,),
        ),
    ]


async def list_applications(caller: CurrentCaller, services: CurrentServices) -> ApplicationListResponse:
    """List the applications to which you have given access, with their scopes."""
    consents = await services.oauth.consents.list(caller)
    return ApplicationListResponse(applications=[ApplicationResponse.model_validate(each) for each in consents])


async def revoke_application(client_id: str, caller: CurrentCaller, services: CurrentServices) -> None:
    """Revoke the access of an application. It is signed out at once, and has to ask you for consent again."""
    await services.oauth.consents.revoke(caller, client_id)
