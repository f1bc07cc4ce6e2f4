"""The first page of the own account: user name, e-mail address, password, and sign-out."""

from collections.abc import Mapping, Sequence

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ACCOUNT
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.core.ports import LimitedCall
from doorward.core.versions import any_version
from doorward.domain.accounts.models import Profile
from doorward.domain.auth.sessions.continuation import cookies_of
from doorward.web.forms import NewEmailForm, NewPasswordForm, PageForm, SignedInPage, UsernameForm
from doorward.web.own.formatting import shown_day, shown_moment
from doorward.web.own.pages import FormResult, OwnPage, OwnPages, PageContext


class OverviewPage(OwnPage):
    """The profile of the account."""

    name = SignedInPage.OVERVIEW

    def __init__(self, *, has_mail: bool) -> None:
        self._has_mail = has_mail

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the profile."""
        profile = await context.services.own_account.profiles.get(context.caller, any_version)
        return {"profile": _shown(profile), "has_mail": self._has_mail}


class OverviewForms:
    """The forms of the page."""

    def __init__(self, own: OwnPages) -> None:
        """Set the renderer of pages and forms."""
        self._own = own
        self._page = OverviewPage(has_mail=own.has_mail)

    def calls(self) -> Sequence[Call]:
        """Return the routes."""
        own, page = self._own, self._page
        mail = [
            *own.form(page, "change-email", LimitedCall.EMAIL_CHANGE, self.change_email_by_form),
            *own.form(page, "cancel-email-change", LimitedCall.EMAIL_CHANGE, self.cancel_email_change_by_form, ACCOUNT),
            *own.form(
                page, "send-verification", LimitedCall.VERIFICATION_MAIL, self.send_verification_by_form, ACCOUNT
            ),
        ]
        return [
            own.shown(page),
            *own.form(page, "change-username", LimitedCall.ACCOUNT, self.change_username_by_form),
            *own.form(page, "change-password", LimitedCall.PASSWORD, self.change_password_by_form, ACCOUNT),
            *own.form(page, "sign-out", LimitedCall.SESSIONS, self.sign_out, ACCOUNT),
            *own.form(page, "sign-out-everywhere", LimitedCall.SESSIONS, self.sign_out_everywhere, ACCOUNT),
            *(mail if own.has_mail else ()),
        ]

    async def change_username_by_form(
        self, request: Request, form: FormBody[UsernameForm], services: CurrentServices
    ) -> Response:
        """Change the user name."""

        async def act(context: PageContext) -> FormResult:
            await services.own_account.profiles.update(context.caller, form.username, any_version)
            return FormResult("username")

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def change_email_by_form(
        self, request: Request, form: FormBody[NewEmailForm], services: CurrentServices
    ) -> Response:
        """Request a change of the e-mail address."""

        async def act(context: PageContext) -> FormResult:
            await services.own_account.email_change.request(context.caller, form.new_email)
            return FormResult("email")

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def cancel_email_change_by_form(
        self, request: Request, form: FormBody[PageForm], services: CurrentServices
    ) -> Response:
        """Cancel a change of the e-mail address."""

        async def act(context: PageContext) -> FormResult:
            await services.own_account.email_change.cancel(context.caller)
            return FormResult("email_cancelled")

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def send_verification_by_form(
        self, request: Request, form: FormBody[PageForm], services: CurrentServices
    ) -> Response:
        """Send the mail that verifies the address again."""

        async def act(context: PageContext) -> FormResult:
            await services.verification.send_again(context.caller)
            return FormResult("mail")

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def change_password_by_form(
        self, request: Request, form: FormBody[NewPasswordForm], services: CurrentServices
    ) -> Response:
        """Replace the password. The form has the current password, so no other recent authentication is needed."""

        async def act(context: PageContext) -> FormResult:
            async with watch_disconnect(request) as client:
                session = await services.own_account.password_change.change(
                    context.caller,
                    current_password=form.current_password,
                    new_password=form.new_password,
                    client=client,
                    user_agent=context.user_agent,
                )
            return FormResult("password", cookies_of(session))

        return await self._own.act(self._page, request, services, form.form_token, act)

    async def sign_out(self, request: Request, form: FormBody[PageForm], services: CurrentServices) -> Response:
        """End the browser session. The form is on all pages of the account."""
        if not self._own.is_valid_token(request, form.form_token):
            return await self._own.act(self._page, request, services, "", _nothing)
        await self._own.end(request, services)
        return self._own.finished(request, "sign_out.done")

    async def sign_out_everywhere(
        self, request: Request, form: FormBody[PageForm], services: CurrentServices
    ) -> Response:
        """End all sessions of the user."""

        async def act(context: PageContext) -> Response:
            await services.own_account.session_ending.end_all(context.caller)
            return self._own.finished(request, "sign_out.done")

        return await self._own.act(self._page, request, services, form.form_token, act)


def _shown(profile: Profile) -> Mapping[str, object]:
    return {
        "username": profile.username,
        "email": profile.email,
        "is_verified": profile.email_verified_at is not None,
        "has_bounced": profile.email_bounced_at is not None,
        "pending_email": profile.pending_email,
        "created": shown_day(profile.created_at),
        "previous": "" if profile.previous_login is None else shown_moment(profile.previous_login),
    }


async def _nothing(context: PageContext) -> FormResult:  # noqa: ARG001 - the type Act requires the parameter
    return FormResult("")
