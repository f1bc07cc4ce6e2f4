"""A wrong code costs the same with an account, with an invitation, and with neither."""

from typing import Final
from uuid import UUID, uuid4

import pytest

from development.client import new_person
from doorward.domain.accounts.repositories import Connection, invitations
from doorward.domain.auth.repositories import one_time_tokens
from tests.integration.accounts.conftest import Mails
from tests.integration.accounts.joining import joining_of

PURPOSE: Final = "password_reset"


async def has_written(connection: Connection) -> bool:
    """Return whether the transaction has an id, and so waits for the disk at its commit."""
    cursor = await connection.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
    return bool((await cursor.fetchall())[0][0])


@pytest.mark.parametrize(("has_account", "counted"), [(True, 1), (False, 0)])
async def test_a_wrong_reset_code_writes_to_disk_with_and_without_an_account(
    mails: Mails, *, has_account: bool, counted: int
) -> None:
    user_id = uuid4()
    if has_account:
        person = await mails.service.register()
        assert await mails.reset_mail(person.email) is not None
        user_id = UUID(person.id)
    async with mails.service.database.transaction() as connection:
        found = await one_time_tokens.claim_code_attempt(
            connection, user_id=user_id, purpose=PURPOSE, now=mails.clock.now()
        )
        assert (len(found), await has_written(connection)) == (counted, True)


@pytest.mark.parametrize("is_invited", [True, False])
async def test_a_wrong_invitation_code_writes_to_disk_with_and_without_an_invitation(
    mails: Mails, *, is_invited: bool
) -> None:
    email = new_person().email
    if is_invited:
        await joining_of(mails.service, mails.clock).invite(email)
    async with mails.service.database.transaction() as connection:
        found = await invitations.claim_code_attempt(connection, email_key=email, now=mails.clock.now())
        assert (found is not None, await has_written(connection)) == (is_invited, True)
