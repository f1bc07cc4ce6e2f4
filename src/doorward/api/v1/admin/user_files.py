"""Routes for the import and export of users. An import gives no roles beyond the caller's scopes."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

from fastapi import Query, Response

from doorward.api.caller import CurrentCaller
from doorward.api.exceptions import UploadTooSlowError
from doorward.api.policy import MAXIMUM_UPLOAD_BYTES, NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.user_files import LeftOutLine, UserExportParameters, UserImportParameters, UserImportResponse
from doorward.api.services import CurrentServices
from doorward.api.temporary_files import FileOfAnswer, file_response
from doorward.api.uploads import NDJSON, UserFileBody
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.core.ports import LimitedCall
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.administration.exporting.models import UserExportRequest
from doorward.domain.administration.importing.exceptions import (
    InvalidUserHeaderError,
    MalformedUserFileError,
    UserConflictError,
    UserFileIsUtf16Error,
)
from doorward.domain.administration.importing.models import SkippedLine, UserImportRequest
from doorward.domain.administration.importing.user_import import Watcher
from doorward.domain.administration.models import Actor
from doorward.domain.auth.scopes import AdminScope

MAXIMUM_REPORTED_LINES: Final = 10_000
MEDIA_TYPES: Final = {"ndjson": NDJSON, "csv": "text/csv"}
IMPORT_POLICY: Final = RoutePolicy(
    NeedsScope(AdminScope.USERS_IMPORT), body_limit=MAXIMUM_UPLOAD_BYTES, limit_of_user=LimitedCall.IMPORT
)
EXPORT_POLICY: Final = RoutePolicy(NeedsScope(AdminScope.USERS_EXPORT))
IMPORT_EXAMPLE: Final = '{"email": "ada@example.com", "username": "ada", "email_verified": true}\n'
HTTP_HINTS: Final[HttpHints] = {
    UserConflictError: "Take the line of errors out, or send the file with on_conflict=skip.",
    MalformedUserFileError: "What stands before the line of errors is stored. Correct the rest, and send it again.",
}


def calls() -> Sequence[Call]:
    """Return the routes."""
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
            extra_responses={200: {"content": {each: {"schema": {"type": "string"}} for each in MEDIA_TYPES.values()}}},
        ),
    ]


async def import_users(
    parameters: Annotated[UserImportParameters, Query()],
    caller: CurrentCaller,
    file: UserFileBody,
    services: CurrentServices,
) -> UserImportResponse:
    """Add the users of a file, in batches of a thousand. After a failure, send the same file again."""
    lines: list[SkippedLine] = []

    def collect(line: SkippedLine) -> None:
        if len(lines) < MAXIMUM_REPORTED_LINES:
            lines.append(line)

    request = UserImportRequest(
        Actor(caller),
        parameters.format,
        is_rehearsal=parameters.dry_run,
        keeps_ids=parameters.keep_ids,
        on_conflict=parameters.on_conflict,
    )
    outcome = await services.administration.user_import.run(file, request, Watcher(collect))
    if outcome.refusal is not None:
        raise outcome.refusal
    counts = outcome.counts
    return UserImportResponse(
        stored=counts.stored,
        already_stored=counts.already_stored,
        left_out=counts.skipped,
        lines=[LeftOutLine.model_validate(line) for line in lines],
    )


async def export_users(
    parameters: Annotated[UserExportParameters, Query()],
    caller: CurrentCaller,
    services: CurrentServices,
    file: FileOfAnswer,
) -> Response:
    """Export all users from one consistent snapshot, in the format of the import. Password hashes are not included."""
    request = UserExportRequest(Actor(caller), parameters.format)
    write = partial(services.administration.user_export.write, request=request)
    name, media_type = f"users.{parameters.format}", MEDIA_TYPES[parameters.format]
    return await file_response(file, write, name=name, media_type=media_type)
