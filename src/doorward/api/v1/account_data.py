"""Routes for exporting, deleting and restoring the own account."""

from collections.abc import Sequence
from functools import partial
from typing import IO, Final

from fastapi import Response

from doorward.api.bodies import JSON, JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.policy import FRESH_ACCOUNT, PUBLIC, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.account_data import DeletionResponse, ExportResponse, RestoreRequest
from doorward.api.services import CurrentServices, Services
from doorward.api.temporary_files import FileOfAnswer, file_response
from doorward.api.v1 import account
from doorward.api.v1.auth import PREFIX, TAG
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError, LastAdministratorError

FILE_NAME: Final = "account.json"


def calls() -> Sequence[Call]:
    """Return the routes."""
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
    """Deactivate your account now, and delete it in 14 days. Until then a login offers to restore it."""
    return DeletionResponse(deletes_at=await services.account_data.deletion.schedule(caller))


async def cancel_deletion(body: JsonBody[RestoreRequest], services: CurrentServices) -> None:
    """Restore an account with the token from the refused login. It begins no session: log in afterwards."""
    await services.account_data.deletion.restore_by_token(body.restore_token)


async def export_account(caller: CurrentCaller, services: CurrentServices, file: FileOfAnswer) -> Response:
    """Export all data stored about you as a JSON file, from one consistent snapshot."""
    return await export_file(caller, services, file)


async def export_file(caller: Caller, services: Services, file: IO[bytes]) -> Response:
    """Return all data stored about a caller, written to ``file`` first."""
    write = partial(services.account_data.export.write, caller)
    return await file_response(file, write, name=FILE_NAME, media_type=JSON)
