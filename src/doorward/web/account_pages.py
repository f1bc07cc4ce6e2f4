"""The pages that mails lead to. GET shows a form and changes nothing; POST calls the use case."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.policy import PUBLIC, Cache, ContentPolicy, ErrorDialect, RoutePolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.api.waiting_client import waiting_client
from doorward.core.exceptions import DomainError, Kind
from doorward.core.ports import LimitedCall
from doorward.domain.accounts.links import AccountPage
from doorward.web.email_change_page import TEMPLATE, confirms_email_change
from doorward.web.forms import ResetPasswordForm, RestoreForm, VerifyEmailForm
from doorward.web.rendering import Pages, static_file

UNPROCESSABLE: Final = 422
"""A form that was refused: what was typed is wrong, whatever it was."""

SHOWN: Final = RoutePolicy(PUBLIC, errors=ErrorDialect.PAGE, content=ContentPolicy.PAGE)
_ASSET: Final = RoutePolicy(PUBLIC, cache=Cache.PUBLIC_DAY, content=ContentPolicy.PAGE)


def calls() -> Sequence[Call]:
    """Return the calls. Raises ``ImportError`` without the package ``jinja2``."""
    pages = Pages()
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
        Call("POST", confirm, confirms_email_change(pages, refused), acts(LimitedCall.EMAIL_CONFIRMATION)),
        *assets(),
    ]


def assets() -> Sequence[Call]:
    """Return the calls of the files that all pages load."""
    return [
        Call("GET", "/account/static/pages.css", _asset("pages.css", "text/css"), _ASSET),
        Call("GET", "/account/static/fragment.js", _asset("fragment.js", "text/javascript"), _ASSET),
    ]


def script(name: str) -> Call:
    """Return the call of a script that only some pages load."""
    return Call("GET", f"/account/static/{name}", _asset(name, "text/javascript"), _ASSET)


def acts(limit: LimitedCall) -> RoutePolicy:
    """Return the policy of a form: it counts for the same limit as the API's call."""
    return RoutePolicy(
        PUBLIC, errors=ErrorDialect.PAGE, content=ContentPolicy.PAGE, limit_of_address=limit, is_page_form=True
    )


def shows(pages: Pages, name: str) -> Callable[[], Awaitable[Response]]:
    """Return the function of a page that shows a form."""

    async def show() -> Response:
        """Show the form."""
        return pages.page(name, refusal=None)

    return show


def _asset(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    content = static_file(name)

    async def asset() -> Response:
        """Return a file that the pages load."""
        return Response(content, media_type=media_type)

    return asset


def _verifies_email(pages: Pages) -> Callable[..., Awaitable[Response]]:
    async def verify_email(request: Request, form: FormBody[VerifyEmailForm], services: CurrentServices) -> Response:
        """Verify the address of the account whose password was typed."""
        try:
            async with waiting_client(request) as client:
                if form.token:
                    await services.verification.verify_by_password(form.token, form.password, client=client)
                else:
                    await services.verification.verify_by_name_and_code(
                        form.username, form.password, form.code, client=client
                    )
        except DomainError as refusal:
            return refused(pages, "verify_email", refusal)
        return pages.page("done", title="E-mail address verified", message="Your e-mail address is verified.")

    return verify_email


def _resets_password(pages: Pages) -> Callable[..., Awaitable[Response]]:
    async def reset_password(
        request: Request, form: FormBody[ResetPasswordForm], services: CurrentServices
    ) -> Response:
        """Set the new password."""
        try:
            async with waiting_client(request) as client:
                if form.token:
                    await services.recovery.reset_by_token(form.token, form.new_password, client=client)
                else:
                    await services.recovery.reset_by_code(form.email, form.code, form.new_password, client=client)
        except DomainError as refusal:
            return refused(pages, "reset_password", refusal)
        return pages.page(
            "done",
            title="Password changed",
            message="Your new password is set. You were signed out everywhere; sign in with the new password.",
        )

    return reset_password


def _restores_account(pages: Pages) -> Callable[..., Awaitable[Response]]:
    async def restore_account(request: Request, form: FormBody[RestoreForm], services: CurrentServices) -> Response:
        """Cancel the deletion of the account whose password was typed."""
        try:
            async with waiting_client(request) as client:
                await services.leaving.deletion.restore_by_password(form.username, form.password, client=client)
        except DomainError as refusal:
            return refused(pages, "restore", refusal)
        return pages.page("done", title="Account restored", message="Your account is restored. You can sign in again.")

    return restore_account


def refused(pages: Pages, name: str, refusal: DomainError) -> Response:
    """Show the form again with what was wrong. What the edge answers for all routes is raised again."""
    if refusal.kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED}:
        raise refusal
    return pages.page(name, status=UNPROCESSABLE, refusal=refusal.detail)
