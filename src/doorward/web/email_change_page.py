"""The page that the mails about another e-mail address lead to."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.services import CurrentServices
from doorward.api.waiting_client import waiting_client
from doorward.core.exceptions import DomainError
from doorward.domain.accounts.models import ChangedMailbox
from doorward.web.forms import ConfirmEmailChangeForm
from doorward.web.rendering import Pages

TEMPLATE: Final = "confirm_email_change"
_NEXT: Final[Mapping[ChangedMailbox, str]] = {
    ChangedMailbox.OLD: "Now open the mail that was sent to your present e-mail address, and confirm there, too.",
    ChangedMailbox.NEW: "Now open the mail that was sent to your new e-mail address, and confirm there, too.",
}


def confirms_email_change(
    pages: Pages, refused: Callable[[Pages, str, DomainError], Response]
) -> Callable[..., Awaitable[Response]]:
    """Return the function of the page's form; ``refused`` shows the form again."""

    async def confirm_email_change(
        request: Request, form: FormBody[ConfirmEmailChangeForm], services: CurrentServices
    ) -> Response:
        """Confirm the change for one mailbox of the account whose password was typed."""
        confirmation = services.own_account.email_change_confirmation
        try:
            async with waiting_client(request) as client:
                if form.token:
                    waiting = await confirmation.confirm_by_password(form.token, form.password, client=client)
                else:
                    waiting = await confirmation.confirm_by_name_and_code(
                        form.username, form.password, form.code, client=client
                    )
        except DomainError as refusal:
            return refused(pages, TEMPLATE, refusal)
        if waiting is not None:
            return pages.page("done", title="This mailbox has confirmed", message=_NEXT[waiting.mailbox])
        return pages.page(
            "done",
            title="E-mail address changed",
            message="Your new e-mail address is set. You were signed out everywhere; sign in again.",
        )

    return confirm_email_change
