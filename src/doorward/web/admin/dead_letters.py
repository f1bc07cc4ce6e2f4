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
from doorward.web.admin.visits import AdminPageOf, FormOf, Place, access_of, asked_in_query, given, search
from doorward.web.forms import AdminPage
from doorward.web.own.visits import Done, Visit
from doorward.web.own.words import read_id, shown_moment

_ACCESS: Final = access_of(outbox.POLICY)
_NONE_FOUND: Final[Slice[DeadLetter]] = Slice((), 0, None)


class DeadLettersPage(AdminPageOf):
    """The list of dead letters, newest first."""

    name = AdminPage.DEAD_LETTERS
    title = "dead_letters.title"
    access = _ACCESS

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return the dead letters of one part of the list. If the search is refused, the page shows the refusal."""
        asked = asked_in_query(visit, "webhook_id")
        after = asked_in_query(visit, "after")

        async def find() -> Slice[DeadLetter]:
            wanted = DeadLetterParameters.model_validate(given({**asked, **after}))
            return await part_of_dead_letters(wanted, visit.services)

        found, refusal = await search(visit, find, _NONE_FOUND)
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


async def _retry(visit: Visit, form: DeadLetterForm) -> Done:
    """Retry one dead letter with the full retry schedule. Raises ``DeadLetterNotFoundError``."""
    if not form.message_id:
        raise DeadLetterNotFoundError
    await visit.services.outgoing.dead_letters.retry(Actor(visit.caller), int(form.message_id))
    return Done("dead_letter")


async def _retry_all(visit: Visit, form: RetryAllForm) -> Done:
    """Retry all dead letters of a webhook, each with the full retry schedule."""
    webhook_id = read_id(form.webhook_id, WebhookNotFoundError)
    await visit.services.outgoing.dead_letters.retry_all(Actor(visit.caller), webhook_id)
    return Done("dead_letters")


PLACE: Final = Place(
    DeadLettersPage(),
    forms=(
        FormOf("retry-dead-letter", _ACCESS, DeadLetterForm, _retry, lambda _: DeadLettersPage()),
        FormOf("retry-dead-letters", _ACCESS, RetryAllForm, _retry_all, lambda _: DeadLettersPage()),
    ),
)
