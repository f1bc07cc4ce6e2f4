"""Routes for changing the e-mail address of an account."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ACCOUNT, FRESH_ACCOUNT, RoutePolicy
from doorward.api.routing import Call
from doorward.api.schemas.accounts import ConfirmEmailChangeRequest, EmailChangeRequest, WaitingForMailboxResponse
from doorward.api.schemas.auth import TokenPairResponse
from doorward.api.services import CurrentServices
from doorward.api.v1.account import ACCOUNT_PATH, TAG
from doorward.api.v1.auth import DEVICE_HEADER, SOMETIMES_GIVEN_DEVICE
from doorward.core.ports import LimitedCall
from doorward.domain.accounts.models import PendingConfirmation
from doorward.domain.auth.exceptions import (
    InvalidEmailError,
    InvalidOneTimeTokenError,
    RegistrationDomainRefusedError,
)
from doorward.domain.auth.sessions.continuation import tokens_of
from doorward.domain.auth.users.exceptions import UserWithoutEmailError
from doorward.domain.outbox.exceptions import MailNotConfiguredError

EMAIL_PATH: Final = f"{ACCOUNT_PATH}/email"
CHANGE_POLICY: Final = RoutePolicy(FRESH_ACCOUNT, limit_of_address=LimitedCall.EMAIL_CHANGE)
CONFIRMATION_POLICY: Final = RoutePolicy(ACCOUNT, limit_of_address=LimitedCall.EMAIL_CONFIRMATION)

_REFUSALS_OF_REQUESTS: Final = (
    MailNotConfiguredError,
    InvalidEmailError,
    RegistrationDomainRefusedError,
    UserWithoutEmailError,
)


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call(
            "POST", EMAIL_PATH, request_email_change, CHANGE_POLICY, tag=TAG, status=202, refusals=_REFUSALS_OF_REQUESTS
        ),
        Call("DELETE", EMAIL_PATH, cancel_email_change, CHANGE_POLICY, tag=TAG, status=204),
        Call(
            "POST",
            f"{EMAIL_PATH}/confirm",
            confirm_email_change,
            CONFIRMATION_POLICY,
            tag=TAG,
            refusals=(InvalidOneTimeTokenError,),
            extra_responses={200: {"headers": SOMETIMES_GIVEN_DEVICE}},
        ),
    ]


async def request_email_change(
    caller: CurrentCaller, body: JsonBody[EmailChangeRequest], services: CurrentServices
) -> None:
    """Request a change of your e-mail address, after a recent authentication. Mails are sent to confirm it.

    The account keeps its address until then. The response is the same if another account has the new address.
    """
    await services.own_account.email_change.request(caller, body.new_email)


async def cancel_email_change(caller: CurrentCaller, services: CurrentServices) -> None:
    """Cancel an unconfirmed change of your e-mail address. Links and codes of its mails become invalid."""
    await services.own_account.email_change.cancel(caller)


async def confirm_email_change(
    caller: CurrentCaller,
    request: Request,
    response: Response,
    body: JsonBody[ConfirmEmailChangeRequest],
    services: CurrentServices,
) -> WaitingForMailboxResponse | TokenPairResponse:
    """Confirm a change of your e-mail address with the token or code of a mail.

    The response names the mailbox that must confirm next. After the last confirmation all your sessions end, and the
    response has the tokens of a new one.
    """
    async with watch_disconnect(request) as client:
        outcome = await services.own_account.email_change_confirmation.confirm_by_session(
            caller, token=body.token, code=body.code, client=client, user_agent=request.headers.get("user-agent")
        )
    if isinstance(outcome, PendingConfirmation):
        return WaitingForMailboxResponse(mailbox=outcome.mailbox.value)
    begun = tokens_of(outcome)
    response.headers[DEVICE_HEADER] = begun.device_token
    return TokenPairResponse.of(begun.tokens)
