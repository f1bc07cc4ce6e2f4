"""Routes for forgotten passwords."""

from collections.abc import Sequence

from fastapi import Request

from doorward.api.bodies import JsonBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import PUBLIC, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.accounts import ForgotPasswordRequest, ResetPasswordRequest
from doorward.api.services import CurrentServices
from doorward.api.v1.auth import PREFIX, TAG, ShownDevice
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidOneTimeTokenError, TooManyHashesError
from doorward.domain.auth.passwords.exceptions import PasswordTooCommonError
from doorward.domain.outbox.exceptions import MailNotConfiguredError


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call(
            "POST",
            f"{PREFIX}/password/forgot",
            forgot_password,
            RoutePolicy(PUBLIC, limit_of_address=LimitedCall.FORGOT),
            tag=TAG,
            status=202,
            refusals=(MailNotConfiguredError, InvalidEmailError),
        ),
        Call(
            "POST",
            f"{PREFIX}/password/reset",
            reset_password,
            RoutePolicy(PUBLIC, limit_of_address=LimitedCall.RESET),
            tag=TAG,
            status=204,
            refusals=(InvalidOneTimeTokenError, PasswordTooCommonError, TooManyHashesError),
        ),
    ]


async def forgot_password(
    body: JsonBody[ForgotPasswordRequest], services: CurrentServices, doorward_device: ShownDevice = None
) -> None:
    """Send a mail that resets the password, if the address has an account. The response is the same if it has none.

    Requests from unknown devices do not count against the mail limit of a known device.
    """
    await services.recovery.request_reset(body.email, device_token=doorward_device)


async def reset_password(request: Request, body: JsonBody[ResetPasswordRequest], services: CurrentServices) -> None:
    """Set a new password with the token or code of the mail. All sessions of the account end; no new one begins."""
    async with watch_disconnect(request) as client:
        if body.token is not None:
            await services.recovery.reset_by_token(body.token, body.new_password, client=client)
        else:
            await services.recovery.reset_by_code(body.email or "", body.code or "", body.new_password, client=client)
