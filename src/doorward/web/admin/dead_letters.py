"""The page of dead letters: messages whose delivery was given up. Those of webhooks can be retried."""

from collections.abc import Mapping
from typing import Final

from doorward.api.schemas.webhooks import DeadLetterParameters
from doorward.api.v1.admin import outbox
from doorward.api.v1.admin.outbox import part_of_dead_letters
from doorward.core.pages import Slice
from doorward.domain.administration.models import Actor
from doorward.domain.webhooks.exceptions import DeadLetterNotFoundError, WebhookNotFoundError
from doorward.domain.webhooks.models import DeadLetter
from doorward.web.admin.forms import DeadLetterForm, RetryAllForm
from doorward.web.admin.pages import (
    AdminForm,
    AdminPageBase,
    NavigationEntry,
    access_of,
    query_parameters,
    search,
    without_empty,
)
from doorward.web.forms import AdminPage
from doorward.web.own.formatting import read_id, shown_moment
from doorward.web.own.pages import FormResult, PageContext

_ACCESS: Final = access_of(outbox.POLICY)
_NONE_FOUND: Final[Slice[DeadLetter]] = Slice((), 0, None)


class DeadLettersPage(AdminPageBase):
    """The list of dead letters, newest first."""

    name = AdminPage.DEAD_LETTERS
    title = "dead_letters.title"
    access = _ACCESS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the dead letters of one part of the list. If the search is refused, the page shows the refusal."""
        asked = query_parameters(context, "webhook_id")
        after = query_parameters(context, "after")

        async def find() -> Slice[DeadLetter]:
            wanted = DeadLetterParameters.model_validate(without_empty({**asked, **after}))
            return await part_of_dead_letters(wanted, context.services)

        found, refusal = await search(context, find, _NONE_FOUND)
        return {
            "asked": asked,
            "search_refusal": refusal,
            "is_of_one": bool(asked["webhook_id"] and not refusal),
            "letters": [
                {
                    "id": each.id,
                    "channel": each.channel,
                    "kind": each.kind,
                    "message_id": each.message_id,
                    "webhook": each.endpoint or "",
                    "attempts": each.attempts,
                    "reason": each.reason,
                    "is_kept": each.is_kept,
                    "died": shown_moment(each.died_at),
                }
                for each in found.entries
            ],
            "more": found.next_cursor or "",
        }


async def _retry(context: PageContext, form: DeadLetterForm) -> FormResult:
    """Retry one dead letter with the full retry schedule."""
    if not form.message_id:
        raise DeadLetterNotFoundError
    await context.services.outgoing.dead_letters.retry(Actor(context.caller), int(form.message_id))
    return FormResult("dead_letter")


async def _retry_all(context: PageContext, form: RetryAllForm) -> FormResult:
    """Retry all dead letters of a webhook, each with the full retry schedule."""
    webhook_id = read_id(form.webhook_id, WebhookNotFoundError)
    await context.services.outgoing.dead_letters.retry_all(Actor(context.caller), webhook_id)
    return FormResult("dead_letters")


NAVIGATION_ENTRY: Final = NavigationEntry(
    DeadLettersPage(),
    forms=(
        AdminForm("retry-dead-letter", _ACCESS, DeadLetterForm, _retry, lambda _: DeadLettersPage()),
        AdminForm("retry-dead-letters", _ACCESS, RetryAllForm, _retry_all, lambda _: DeadLettersPage()),
    ),
)
