"""The pages for registration and for forgotten passwords."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response
from pydantic import Field

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.services import CurrentServices, Services
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import EmailNotVerifiedError
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.cookies import DEVICE_KEPT, Cookie
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import ProviderPages, form_policy, page_policy
from doorward.web.provider.parameters import checked_next
from doorward.web.provider.sign_in_forms import EXPIRED, NextForm
from doorward.web.rendering import raise_service_errors
from doorward.web.texts import texts_of

REGISTER: Final = "/account/register"
FORGOT: Final = "/account/forgot-password"


class RegisterForm(NextForm):
    """A new account."""

    email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class ForgotForm(NextForm):
    """The address of an account."""

    email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes of the pages that are enabled."""
    registration, content = _RegistrationPages(pages), ContentPolicy.FORM
    registers = [
        Call("GET", REGISTER, registration.show_register, page_policy(content)),
        Call("POST", REGISTER, registration.register_by_form, form_policy(content, LimitedCall.REGISTER)),
    ]
    mails = [
        Call("GET", FORGOT, registration.show_forgot_password, page_policy(content)),
        Call("POST", FORGOT, registration.forgot_password_by_form, form_policy(content, LimitedCall.FORGOT)),
    ]
    return [*(registers if pages.features.registers else ()), *(mails if pages.features.has_mail else ())]


@frozen
class _RegistrationPages:
    pages: ProviderPages

    async def show_register(self, request: Request) -> Response:
        """Show the form."""
        return self._register_page(request, RegisterForm(next=request.query_params.get("next", "")))

    async def register_by_form(
        self, request: Request, form: FormBody[RegisterForm], services: CurrentServices
    ) -> Response:
        """Create the account and sign in, unless a mail must complete the registration first."""
        texts = texts_of(request)
        if not self.pages.form_tokens.is_valid(request, "register", form.form_token):
            return self._register_page(request, form, texts(EXPIRED))
        try:
            return await self._register(request, form, services)
        except DomainError as refusal:
            raise_service_errors(refusal)
            return self._register_page(request, form, texts.refusal(refusal))

    async def show_forgot_password(self, request: Request) -> Response:
        """Show the form."""
        return self._forgot_page(request, ForgotForm(next=request.query_params.get("next", "")))

    async def forgot_password_by_form(
        self, request: Request, form: FormBody[ForgotForm], services: CurrentServices
    ) -> Response:
        """Send the mail if the account exists. The page is the same if it does not."""
        texts = texts_of(request)
        if not self.pages.form_tokens.is_valid(request, "forgot_password", form.form_token):
            return self._forgot_page(request, form, texts(EXPIRED))
        device = self.pages.cookies.read(request, Cookie.DEVICE)
        try:
            await services.recovery.request_reset(form.email, device_token=device)
        except DomainError as refusal:
            raise_service_errors(refusal)
            return self._forgot_page(request, form, texts.refusal(refusal))
        return self.pages.finished(request, "forgot.sent", facts={"email": form.email})

    async def _register(self, request: Request, form: RegisterForm, services: Services) -> Response:
        given = {"email": form.email, "username": form.username, "password": form.password}
        async with watch_disconnect(request) as client:
            if services.registration_requests.is_required:
                await services.registration_requests.request(**given, client=client)
                return self.pages.finished(request, "register.sent", facts={"email": form.email})
            await services.registration.register(**given, client=client)
            replaced = provider_of(services).browser_sessions.read(self.pages.cookies.read(request, Cookie.SESSION))
            try:
                signed_in = await services.login.sign_in(
                    name=form.username,
                    password=form.password,
                    stay=BrowserStay(replaced.id if replaced else None),
                    trusts_device=True,
                    client=client,
                    user_agent=request.headers.get("user-agent"),
                )
            except EmailNotVerifiedError:
                return self.pages.finished(request, "register.verify", facts={"email": form.email})
        goes_on = checked_next(form.next) or "/account/overview"
        response = self.pages.redirect(request, goes_on, is_form=True)
        self.pages.cookies.set(response, Cookie.SESSION, signed_in.cookie, signed_in.kept_for)
        self.pages.cookies.set(response, Cookie.DEVICE, signed_in.device_token, DEVICE_KEPT)
        return response

    def _register_page(self, request: Request, form: RegisterForm, refusal: str = "") -> Response:
        goes_on = checked_next(form.next)
        return self.pages.form_page(
            request,
            "register",
            status=UNPROCESSABLE if refusal else 200,
            fields={"next": goes_on},
            refusal=refusal,
            next=goes_on,
            email=form.email,
            username=form.username,
        )

    def _forgot_page(self, request: Request, form: ForgotForm, refusal: str = "") -> Response:
        goes_on = checked_next(form.next)
        return self.pages.form_page(
            request,
            "forgot_password",
            status=UNPROCESSABLE if refusal else 200,
            fields={"next": goes_on},
            refusal=refusal,
            next=goes_on,
        )
