"""Routes that create accounts by mail: confirmed registrations and invitations."""

from collections.abc import Sequence

from fastapi import Request

from doorward.api.bodies import JsonBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import PUBLIC, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.auth import UserResponse
from doorward.api.schemas.registration_by_mail import (
    AcceptInvitationRequest,
    ConfirmRegistrationRequest,
    ResendRegistrationRequest,
)
from doorward.api.services import CurrentServices
from doorward.api.v1.auth import PREFIX, TAG
from doorward.core.ports import LimitedCall
from doorward.domain.accounts.invitations import Acceptance
from doorward.domain.auth.exceptions import (
    EmailTakenError,
    InvalidOneTimeTokenError,
    InvalidUsernameError,
    LoginThrottledError,
    TooManyHashesError,
    UsernameReservedError,
    UsernameTakenError,
)
from doorward.domain.auth.passwords.exceptions import PasswordTooCommonError
from doorward.domain.outbox.exceptions import MailNotConfiguredError


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call(
            "POST",
            f"{PREFIX}/register/confirm",
            confirm_registration,
            RoutePolicy(PUBLIC, limit_of_address=LimitedCall.CONFIRM_REGISTRATION),
            tag=TAG,
            status=201,
            refusals=(InvalidOneTimeTokenError, LoginThrottledError, TooManyHashesError),
        ),
        Call(
            "POST",
            f"{PREFIX}/register/resend",
            resend_registration,
            RoutePolicy(PUBLIC, limit_of_address=LimitedCall.RESEND_REGISTRATION),
            tag=TAG,
            status=202,
            refusals=(MailNotConfiguredError, InvalidOneTimeTokenError),
        ),
        Call(
            "POST",
            f"{PREFIX}/invitations/accept",
            accept_invitation,
            RoutePolicy(PUBLIC, limit_of_address=LimitedCall.ACCEPT_INVITATION),
            tag=TAG,
            status=201,
            refusals=(
                InvalidOneTimeTokenError,
                EmailTakenError,
                UsernameTakenError,
                InvalidUsernameError,
                UsernameReservedError,
                PasswordTooCommonError,
                TooManyHashesError,
            ),
        ),
    ]


async def confirm_registration(
    request: Request, body: JsonBody[ConfirmRegistrationRequest], services: CurrentServices
) -> UserResponse:
    """Complete a registration with the token or code of its mail.

    The mail alone is not enough, because its reader may not be the person who registered.
    """
    async with watch_disconnect(request) as client:
        if body.token is not None:
            user = await services.confirmation.confirm_by_token(body.token, body.password or "", client=client)
        else:
            user = await services.confirmation.confirm_by_code(
                body.registration_token or "", body.code or "", client=client
            )
    return UserResponse.of(user)


async def resend_registration(body: JsonBody[ResendRegistrationRequest], services: CurrentServices) -> None:
    """Send the mail of a registration again. Its link and code replace those of the earlier mail."""
    await services.registration_requests.resend(body.registration_token)


async def accept_invitation(
    request: Request, body: JsonBody[AcceptInvitationRequest], services: CurrentServices
) -> UserResponse:
    """Create the account of an invited address. The address counts as verified, because the mail reached it."""
    acceptance = Acceptance(body.username, body.password)
    async with watch_disconnect(request) as client:
        if body.token is not None:
            user = await services.invitations.accept_by_token(body.token, acceptance, client=client)
        else:
            user = await services.invitations.accept_by_code(
                body.email or "", body.code or "", acceptance, client=client
            )
    return UserResponse.of(user)
