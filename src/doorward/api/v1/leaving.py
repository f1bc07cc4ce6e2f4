"""Taking along and deleting one's account over HTTP, and restoring it."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import IO, Annotated, Final

from fastapi import Depends, Response
from fastapi.responses import StreamingResponse

from doorward.api.bodies import JSON, JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.policy import FRESH_ACCOUNT, PUBLIC, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.leaving import DeletionResponse, ExportResponse, RestoreRequest
from doorward.api.services import CurrentServices, Services
from doorward.api.v1 import account
from doorward.api.v1.auth import PREFIX, TAG
from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import LimitedCall
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError, LastAdministratorError
from doorward.observability.events import HttpBodyNotStored
from doorward.observability.logging import report

HELD_IN_MEMORY_BYTES: Final = 1024 * 1024
"""Of an export, before it goes to a temporary file."""

CHUNK_BYTES: Final = 64 * 1024
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


async def temporary_file() -> AsyncIterator[IO[bytes]]:
    """Yield a file that is closed when the answer was sent, or the client has left."""
    file = tempfile.SpooledTemporaryFile(max_size=HELD_IN_MEMORY_BYTES)  # noqa: SIM115 - closed below
    try:
        yield file
    finally:
        # Closing tries to write once more.
        with contextlib.suppress(OSError):
            file.close()


async def export_account(
    caller: CurrentCaller, services: CurrentServices, file: Annotated[IO[bytes], Depends(temporary_file)]
) -> Response:
    """Get all that is stored about you, as it is at one moment: a file of JSON."""
    return await export_file(caller, services, file)


async def export_file(caller: Caller, services: Services, file: IO[bytes]) -> Response:
    """Return all that is stored about a caller, by way of a file that is kept until it was sent."""
    try:
        await services.leaving.export.write(caller, file)
        file.seek(0)
    except OSError as error:
        report(HttpBodyNotStored(error=type(error).__name__))
        raise ServiceUnavailableError from error
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
    return StreamingResponse(_chunks(file), media_type=JSON, headers=headers)


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
