"""Taking along and deleting one's account over HTTP, and restoring it."""

from collections.abc import Sequence
from functools import partial
from typing import IO, Final

from fastapi import Response

from doorward.api.bodies import JSON, JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.policy import FRESH_ACCOUNT, PUBLIC, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.leaving import DeletionResponse, ExportResponse, RestoreRequest
from doorward.api.services import CurrentServices, Services
from doorward.api.temporary_files import FileOfAnswer, file_response
from doorward.api.v1 import account
from doorward.api.v1.auth import PREFIX, TAG
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError, LastAdministratorError

FILE_NAME: Final = "account.json"


def calls() -> Sequence[Call]:
    """Return the calls."""
    return [
        Call(
            "POST",
            f"{account.ACCOUNT_PATH}/deletion",
            delete_account,
            RoutePolicy(FRESH_ACCOUNT, limit_of_address=LimitedCall.DELETION),
            tag=account.TAG,
            status=202,
            refusals=(LastAdministratorError,),
        ),
        Call(
            "POST",
            f"{PREFIX}/deletion/cancel",
            cancel_deletion,
            RoutePolicy(PUBLIC, limit_of_address=LimitedCall.RESTORE),
            tag=TAG,
            status=204,
            refusals=(InvalidOneTimeTokenError,),
        ),
        Call(
            "POST",
            f"{account.ACCOUNT_PATH}/export",
            export_account,
            RoutePolicy(FRESH_ACCOUNT, limit_of_address=LimitedCall.EXPORT),
            tag=account.TAG,
            answer=ExportResponse,
        ),
    ]


async def delete_account(caller: CurrentCaller, services: CurrentServices) -> DeletionResponse:
    """Delete your account in 14 days, and deactivate it at once. Until then a login offers to restore it."""
    return DeletionResponse(deletes_at=await services.leaving.deletion.schedule(caller))


async def cancel_deletion(body: JsonBody[RestoreRequest], services: CurrentServices) -> None:
    """Restore an account with the token that a login was refused with. Then log in: no session begins by this."""
    await services.leaving.deletion.restore_by_token(body.restore_token)


async def export_account(caller: CurrentCaller, services: CurrentServices, file: FileOfAnswer) -> Response:
    """Get all that is stored about you, as it is at one moment: a file of JSON."""
    return await export_file(caller, services, file)


async def export_file(caller: Caller, services: Services, file: IO[bytes]) -> Response:
    """Return all that is stored about a caller, by way of a file that is kept until it was sent."""
    write = partial(services.leaving.export.write, caller)
    return await file_response(file, write, name=FILE_NAME, media_type=JSON)
