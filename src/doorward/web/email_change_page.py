"""The page to which the mails about a change of the e-mail address link."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.disconnect import watch_disconnect
from doorward.api.services import CurrentServices
from doorward.core.exceptions import DomainError
from doorward.web.forms import ConfirmEmailChangeForm
from doorward.web.rendering import Pages

TEMPLATE: Final = "confirm_email_change"
ShowRefusal = Callable[[Request, Pages, str, DomainError], Response]
ShowFinished = Callable[[Request, Pages, str], Response]


def confirms_email_change(
    pages: Pages, refused: ShowRefusal, finished: ShowFinished
) -> Callable[..., Awaitable[Response]]:
    """Return the route function of the form; ``refused`` shows the form again, ``finished`` shows the result."""

    async def confirm_email_change(
        request: Request, form: FormBody[ConfirmEmailChangeForm], services: CurrentServices
    ) -> Response:
        """Confirm the change for one mailbox of the account, which the password authenticates."""
        confirmation = services.own_account.email_change_confirmation
        try:
            async with watch_disconnect(request) as client:
                if form.token:
                    waiting = await confirmation.confirm_by_password(form.token, form.password, client=client)
                else:
                    waiting = await confirmation.confirm_by_name_and_code(
                        form.username, form.password, form.code, client=client
                    )
        except DomainError as refusal:
            return refused(request, pages, TEMPLATE, refusal)
        if waiting is None:
            return finished(request, pages, "confirm_email_change.done")
        what = f"confirm_email_change.waiting_{waiting.mailbox}"
        return pages.finished(request, what, has_fragment=True)

    return confirm_email_change
