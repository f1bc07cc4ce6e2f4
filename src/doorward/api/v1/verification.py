"""Routes for the verification of e-mail addresses."""

from collections.abc import Sequence

from fastapi import Request

from doorward.api.bodies import JsonBody
from doorward.api.caller import CurrentCaller, OptionalCaller
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ACCOUNT, OPTIONAL_ACCOUNT, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.accounts import VerifyEmailRequest
from doorward.api.services import CurrentServices
from doorward.api.v1 import account
from doorward.api.v1.auth import PREFIX, TAG
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import (
    InvalidAccessTokenError,
    InvalidCredentialsError,
    InvalidOneTimeTokenError,
    LoginThrottledError,
    MissingAccessTokenError,
    TooManyHashesError,
)
from doorward.domain.auth.users.exceptions import UserWithoutEmailError
from doorward.domain.outbox.exceptions import MailNotConfiguredError


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call(
            "POST",
            f"{PREFIX}/email/verify",
            verify_email,
            RoutePolicy(OPTIONAL_ACCOUNT, limit_of_address=LimitedCall.VERIFY),
            tag=TAG,
            status=204,
            refusals=(
                InvalidOneTimeTokenError,
                MissingAccessTokenError,
                InvalidAccessTokenError,
                InvalidCredentialsError,
                LoginThrottledError,
                TooManyHashesError,
            ),
        ),
        Call(
            "POST",
            f"{account.ACCOUNT_PATH}/email/verification",
            send_verification_mail,
            RoutePolicy(ACCOUNT, limit_of_address=LimitedCall.VERIFICATION_MAIL),
            tag=account.TAG,
            status=202,
            refusals=(MailNotConfiguredError, UserWithoutEmailError),
        ),
    ]


async def verify_email(
    request: Request, caller: OptionalCaller, body: JsonBody[VerifyEmailRequest], services: CurrentServices
) -> None:
    """Verify the address of an account with the mail's token or code, and with a session or the password.

    The mail alone is not enough, because its reader may not be the person who registered.
    """
    if caller is not None:
        await services.verification.verify_by_session(caller, token=body.token, code=body.code)
    elif body.token is not None and body.password is not None:
        async with watch_disconnect(request) as client:
            await services.verification.verify_by_password(body.token, body.password, client=client)
    else:
        raise MissingAccessTokenError


async def send_verification_mail(caller: CurrentCaller, services: CurrentServices) -> None:
    """Send the mail that verifies the account's address again. A verified address gets none."""
    await services.verification.send_again(caller)
