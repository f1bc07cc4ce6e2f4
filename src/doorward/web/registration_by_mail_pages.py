"""The pages that create accounts by mail: confirmed registrations and invitations."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.core.exceptions import DomainError
from doorward.core.ports import LimitedCall
from doorward.domain.accounts.invitations import Acceptance
from doorward.domain.accounts.links import AccountPage
from doorward.web.account_pages import SHOWN, acts, finished, refused, shows
from doorward.web.forms import AcceptInvitationForm, ConfirmRegistrationForm
from doorward.web.rendering import Pages


def calls(pages: Pages) -> Sequence[Call]:
    """Return the routes."""
    confirm = f"/account/{AccountPage.CONFIRM_REGISTRATION}"
    return [
        Call("GET", confirm, shows(pages, "confirm_registration"), SHOWN),
        Call("POST", confirm, _confirms_registration(pages), acts(LimitedCall.CONFIRM_REGISTRATION)),
        *invitation_calls(pages),
    ]


def invitation_calls(pages: Pages) -> Sequence[Call]:
    """Return the routes of the page that accepts an invitation."""
    accept = f"/account/{AccountPage.ACCEPT_INVITATION}"
    return [
        Call("GET", accept, shows(pages, "accept_invitation"), SHOWN),
        Call("POST", accept, _accepts_invitation(pages), acts(LimitedCall.ACCEPT_INVITATION)),
    ]


def _confirms_registration(pages: Pages) -> Callable[..., Awaitable[Response]]:
    async def confirm_registration(
        request: Request, form: FormBody[ConfirmRegistrationForm], services: CurrentServices
    ) -> Response:
        """Complete the registration whose password was entered."""
        try:
            async with watch_disconnect(request) as client:
                if form.token:
                    await services.confirmation.confirm_by_token(form.token, form.password, client=client)
                else:
                    await services.confirmation.confirm_by_names_and_code(
                        email=form.email,
                        username=form.username,
                        password=form.password,
                        code=form.code,
                        client=client,
                    )
        except DomainError as refusal:
            return refused(request, pages, "confirm_registration", refusal)
        return finished(request, pages, "confirm_registration.done")

    return confirm_registration


def _accepts_invitation(pages: Pages) -> Callable[..., Awaitable[Response]]:
    async def accept_invitation(
        request: Request, form: FormBody[AcceptInvitationForm], services: CurrentServices
    ) -> Response:
        """Create the account of the invited address."""
        acceptance = Acceptance(form.username, form.password)
        try:
            async with watch_disconnect(request) as client:
                if form.token:
                    await services.invitations.accept_by_token(form.token, acceptance, client=client)
                else:
                    await services.invitations.accept_by_code(form.email, form.code, acceptance, client=client)
        except DomainError as refusal:
            return refused(request, pages, "accept_invitation", refusal)
        return finished(request, pages, "accept_invitation.done")

    return accept_invitation
