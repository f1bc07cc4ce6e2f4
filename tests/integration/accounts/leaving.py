"""Account deletion in tests: the calls of deletion, restoration and export, and the passing of time."""

from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from development.client import ACCOUNT, AUTH
from doorward.domain.accounts.deletion import GRACE
from doorward.domain.accounts.erasure import Erasure
from doorward.observability.request_context import begin_request
from tests.integration.accounts.own_account import Owner
from tests.integration.service import Service

DELETION: Final = f"{ACCOUNT}/deletion"
CANCEL: Final = f"{AUTH}/deletion/cancel"
EXPORT: Final = f"{ACCOUNT}/export"
RESTORE_PAGE: Final = "/account/restore"
MOMENT: Final = timedelta(microseconds=1)


async def leave(owner: Owner) -> datetime:
    """Request the deletion; return the time at which the account will be deleted."""
    answer = await owner.call("POST", DELETION)
    assert answer.status_code == 202, answer.text
    return datetime.fromisoformat(answer.json()["deletes_at"])


async def log_in(owner: Owner) -> httpx.Response:
    return await owner.service.post_token(owner.person.username, owner.person.password)


async def restore_token(owner: Owner) -> str:
    """Return the restore token in the refusal of a login with the right password."""
    answer = await log_in(owner)
    assert (answer.status_code, answer.json()["code"]) == (403, "deletion_pending"), answer.text
    token: str = answer.json()["restore_token"]
    return token


async def cancel(service: Service, token: object) -> httpx.Response:
    return await service.client.post(CANCEL, json={"restore_token": token})


async def export(owner: Owner) -> dict[str, Any]:
    answer = await owner.call("POST", EXPORT)
    assert answer.status_code == 200, answer.text
    exported: dict[str, Any] = answer.json()
    return exported


async def erase_after_the_grace(service: Service) -> int:
    """Advance the clock by the grace period, and delete the due accounts; return their number."""
    service.clock.advance(GRACE)
    # Set the context of a background task, outside of a request.
    begin_request()
    return await Erasure(database=service.database, clock=service.clock).erase()


def stored(owner: Owner) -> list[dict[str, Any]]:
    """Return the row of the account, if there is one."""
    columns = "is_active, is_restorable, deletion_due_at, session_epoch"
    return owner.service.sql(f"SELECT {columns} FROM users WHERE id = %s", owner.person.id)
