"""Files of users over HTTP: in, without roles beyond one's own rights, and out, without password hashes."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import IO, Annotated, Final

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse

from doorward.api.caller import CurrentCaller
from doorward.api.exceptions import UploadTooSlowError
from doorward.api.policy import MAXIMUM_UPLOAD_BYTES, NeedsScope, RoutePolicy
from doorward.api.problems import Remedies
from doorward.api.routing import Call
from doorward.api.schemas.user_files import LeftOutLine, UserExportParameters, UserImportParameters, UserImportResponse
from doorward.api.services import CurrentServices
from doorward.api.uploads import NDJSON, UserFileBody
from doorward.api.v1.admin.roles import ADMIN, TAG
from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import LimitedCall
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.administration.exporting.models import UserExportRequest
from doorward.domain.administration.importing.exceptions import (
    InvalidUserHeaderError,
    MalformedUserFileError,
    UserConflictError,
    UserFileIsUtf16Error,
)
from doorward.domain.administration.importing.models import LeftOut, UserImportRequest
from doorward.domain.administration.importing.user_import import Watcher
from doorward.domain.administration.models import Actor
from doorward.domain.auth.scopes import AdminScope
from doorward.observability.events import HttpBodyNotStored
from doorward.observability.logging import report

MOST_LINES_TOLD: Final = 10_000
HELD_IN_MEMORY_BYTES: Final = 1024 * 1024
"""Of an export, before it goes to a temporary file."""

CHUNK_BYTES: Final = 64 * 1024
MEDIA_TYPES: Final = {"ndjson": NDJSON, "csv": "text/csv"}
IMPORT_POLICY: Final = RoutePolicy(
    NeedsScope(AdminScope.USERS_IMPORT), body_limit=MAXIMUM_UPLOAD_BYTES, limit_of_user=LimitedCall.IMPORT
)
EXPORT_POLICY: Final = RoutePolicy(NeedsScope(AdminScope.USERS_EXPORT))
IMPORT_EXAMPLE: Final = '{"email": "ada@example.com", "username": "ada", "email_verified": true}\n'
REMEDIES: Final[Remedies] = {
    UserConflictError: "Take the line of errors out, or send the file with on_conflict=skip.",
    MalformedUserFileError: "What stands before the line of errors is stored. Correct the rest, and send it again.",
}


def calls() -> Sequence[Call]:
    """Return the calls."""
    return [
        Call(
            "POST",
            f"{ADMIN}/users/import",
            import_users,
            IMPORT_POLICY,
            tag=TAG,
            refusals=(
                MalformedUserFileError(3),
                InvalidUserHeaderError(1),
                UserFileIsUtf16Error,
                UserConflictError(3),
                BeyondOwnScopesError,
                UploadTooSlowError,
            ),
            body_example={"example": IMPORT_EXAMPLE},
        ),
        Call(
            "POST",
            f"{ADMIN}/users/export",
            export_users,
            EXPORT_POLICY,
            tag=TAG,
            refusals=(BeyondOwnScopesError,),
            extra_answers={200: {"content": {each: {"schema": {"type": "string"}} for each in MEDIA_TYPES.values()}}},
        ),
    ]


async def import_users(
    parameters: Annotated[UserImportParameters, Query()],
    caller: CurrentCaller,
    file: UserFileBody,
    services: CurrentServices,
) -> UserImportResponse:
    """Add the users of a file. A thousand are stored at a time; after a failure, send the same file again."""
    lines: list[LeftOut] = []

    def note(line: LeftOut) -> None:
        if len(lines) < MOST_LINES_TOLD:
            lines.append(line)

    request = UserImportRequest(
        Actor(caller),
        parameters.format,
        is_rehearsal=parameters.dry_run,
        keeps_ids=parameters.keep_ids,
        on_conflict=parameters.on_conflict,
    )
    outcome = await services.administration.user_import.run(file, request, Watcher(note))
    if outcome.refusal is not None:
        raise outcome.refusal
    tally = outcome.tally
    return UserImportResponse(
        stored=tally.stored,
        already_stored=tally.already_stored,
        left_out=tally.left_out,
        lines=[LeftOutLine.model_validate(line) for line in lines],
    )


async def _temporary_file() -> AsyncIterator[IO[bytes]]:
    """Yield a file that is closed when the answer was sent, or the client has left."""
    file = tempfile.SpooledTemporaryFile(max_size=HELD_IN_MEMORY_BYTES)  # noqa: SIM115 - closed below
    try:
        yield file
    finally:
        # Closing tries to write once more.
        with contextlib.suppress(OSError):
            file.close()


async def export_users(
    parameters: Annotated[UserExportParameters, Query()],
    caller: CurrentCaller,
    services: CurrentServices,
    file: Annotated[IO[bytes], Depends(_temporary_file)],
) -> Response:
    """Get all users as they are at one moment, in the form that the import reads. Password hashes stay here."""
    request = UserExportRequest(Actor(caller), parameters.format)
    try:
        with services.edge.bulk_place():
            await services.administration.user_export.write(file, request)
        file.seek(0)
    except OSError as error:
        report(HttpBodyNotStored(error=type(error).__name__))
        raise ServiceUnavailableError from error
    headers = {"Content-Disposition": f'attachment; filename="users.{parameters.format}"'}
    return StreamingResponse(_chunks(file), media_type=MEDIA_TYPES[parameters.format], headers=headers)


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
