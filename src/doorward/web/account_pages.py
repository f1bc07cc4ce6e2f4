"""The pages to which mails link. GET shows a form and changes nothing; POST calls the use case."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.links import own_address
from doorward.api.policy import PUBLIC, ContentPolicy, ErrorFormat, RoutePolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.accounts.links import AccountPage
from doorward.web.email_change_page import TEMPLATE, confirms_email_change
from doorward.web.forms import ResetPasswordForm, RestoreForm, VerifyEmailForm
from doorward.web.rendering import SIGN_IN, Pages, raise_service_errors
from doorward.web.texts import texts_of

UNPROCESSABLE: Final = 422
"""Status of a page that shows a refused form again."""

SHOWN: Final = RoutePolicy(PUBLIC, errors=ErrorFormat.PAGE, content=ContentPolicy.PAGE)


def calls(pages: Pages) -> Sequence[Call]:
    """Return the routes."""
    verify, reset = f"/account/{AccountPage.VERIFY_EMAIL}", f"/account/{AccountPage.RESET_PASSWORD}"
    restore, confirm = f"/account/{AccountPage.RESTORE}", f"/account/{AccountPage.CONFIRM_EMAIL_CHANGE}"
    return [
        Call("GET", verify, shows(pages, "verify_email"), SHOWN),
        Call("POST", verify, _verifies_email(pages), acts(LimitedCall.VERIFY)),
        Call("GET", reset, shows(pages, "reset_password"), SHOWN),
        Call("POST", reset, _resets_password(pages), acts(LimitedCall.RESET)),
        Call("GET", restore, shows(pages, "restore"), SHOWN),
        Call("POST", restore, _restores_account(pages), acts(LimitedCall.RESTORE)),
        Call("GET", confirm, shows(pages, TEMPLATE), SHOWN),
        Call("POST", confirm, confirms_email_change(pages, refused, finished), acts(LimitedCall.EMAIL_CONFIRMATION)),
    ]


def acts(limit: LimitedCall) -> RoutePolicy:
    """Return the policy of a form. It has the same rate limit as the API's route."""
    return RoutePolicy(
        PUBLIC, errors=ErrorFormat.PAGE, content=ContentPolicy.PAGE, limit_of_address=limit, is_page_form=True
    )


def shows(pages: Pages, name: str) -> Callable[[Request], Awaitable[Response]]:
    """Return the route function of a page that shows a form."""

    async def show(request: Request) -> Response:
        """Show the form."""
        return pages.page(request, name, refusal=None)

    return show


def _verifies_email(pages: Pages) -> Callable[..., Awaitable[Response]]:
    async def verify_email(request: Request, form: FormBody[VerifyEmailForm], services: CurrentServices) -> Response:
        """Verify the address of the account, which the password authenticates."""
        try:
            async with watch_disconnect(request) as client:
                if form.token:
                    await services.verification.verify_by_password(form.token, form.password, client=client)
                else:
                    await services.verification.verify_by_name_and_code(
                        form.username, form.password, form.code, client=client
                    )
        except DomainError as refusal:
            return refused(request, pages, "verify_email", refusal)
        return finished(request, pages, "verify_email.done")

    return verify_email


def _resets_password(pages: Pages) -> Callable[..., Awaitable[Response]]:
    async def reset_password(
        request: Request, form: FormBody[ResetPasswordForm], services: CurrentServices
    ) -> Response:
        """Set the new password."""
        try:
            async with watch_disconnect(request) as client:
                if form.token:
                    await services.recovery.reset_by_token(form.token, form.new_password, client=client)
                else:
                    await services.recovery.reset_by_code(form.email, form.code, form.new_password, client=client)
        except DomainError as refusal:
            return refused(request, pages, "reset_password", refusal)
        return finished(request, pages, "reset_password.done")

    return reset_password


def _restores_account(pages: Pages) -> Callable[..., Awaitable[Response]]:
    async def restore_account(request: Request, form: FormBody[RestoreForm], services: CurrentServices) -> Response:
        """Cancel the deletion of the account, which the password authenticates."""
        try:
            async with watch_disconnect(request) as client:
                await services.account_data.deletion.restore_by_password(form.username, form.password, client=client)
        except DomainError as refusal:
            return refused(request, pages, "restore", refusal)
        return finished(request, pages, "restore.done")

    return restore_account


def finished(request: Request, pages: Pages, what: str) -> Response:
    """Return the page with the result, whose text has the key ``what``. It links to the sign-in if there is one."""
    onward = own_address(request, SIGN_IN) if pages.has_sign_in else ""
    words = texts_of(request)("action.sign_in")
    return pages.finished(request, what, onward=onward, onward_words=words, has_fragment=True)


def refused(request: Request, pages: Pages, name: str, refusal: DomainError) -> Response:
    """Return the form again with the refusal. Refusals of the kinds unavailable and exhausted are raised again."""
    raise_service_errors(refusal)
    return pages.page(request, name, status=UNPROCESSABLE, refusal=texts_of(request).refusal(refusal))
