"""Callers are authenticated before the body is read, so every call that changes data checks the session again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from development.authenticator import Authenticator
from development.callers import caller_of
from development.client import AUTH
from doorward.api import v1
from doorward.api.policy import ACCOUNT as ACCOUNT_ACCESS
from doorward.api.policy import NeedsScope, OptionalScope
from doorward.api.routing import Call
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.sessions.acting_session import lock_caller_and_user
from tests.integration.accounts.own_account import ACCOUNT, NEW_PASSWORD, Owner, signed_in
from tests.integration.mailbox import PUBLIC_URL, make_service_with_mail, next_mail, token_in
from tests.integration.mfa.protected import CODES, OWN_TOTP, application_of
from tests.integration.open_transactions import open_transaction
from tests.integration.service import MakeService, Service, is_problem, mark

READING: Final = {"GET", "HEAD"}
PASSKEYS: Final = f"{ACCOUNT}/passkeys"
END_OF_ALL: Final = "UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s"


def changes_of_accounts() -> set[str]:
    """Return the calls with which a signed-in user changes the own account."""
    return {
        f"{call.method} {call.path}"
        for call in v1.calls()
        if call.method not in READING and not call.path.startswith("/api/v1/items") and accepts_a_session(call)
    }


def accepts_a_session(call: Call) -> bool:
    """Return whether a call requires or accepts a session."""
    access = call.policy.access
    needs_one = isinstance(access, NeedsScope) and access.scope == ACCOUNT_ACCESS.scope
    return needs_one or isinstance(access, OptionalScope)


async def bodies(service: Service, owner: Owner) -> dict[str, object]:
    """Return a valid body for each call."""
    verification = token_in(await next_mail(service, owner.person.email, "Confirm"))
    new_email = f"{mark()}@example.com"
    assert (await owner.call("POST", f"{ACCOUNT}/email", json={"new_email": new_email})).status_code == 202
    change = token_in(await next_mail(service, new_email, "Confirm"))
    await service.write("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.person.id)
    enrolment = await owner.call("POST", OWN_TOTP)
    code = application_of(enrolment).at(service.clock.present)
    options = await owner.call("POST", f"{PASSKEYS}/options")
    return {
        f"POST {PASSKEYS}/options": None,
        f"POST {PASSKEYS}": {"credential": Authenticator(PUBLIC_URL).create(options.json())},
        f"PATCH {PASSKEYS}/{{passkey_id:uuid}}": {"name": mark()},
        f"DELETE {PASSKEYS}/{{passkey_id:uuid}}": None,
        f"POST {OWN_TOTP}": None,
        f"POST {OWN_TOTP}/confirm": {"token": enrolment.json()["token"], "code": code},
        f"DELETE {OWN_TOTP}": None,
        f"POST {CODES}": None,
        f"POST {AUTH}/email/verify": {"token": verification},
        f"POST {ACCOUNT}/email/verification": None,
        f"POST {ACCOUNT}/email": {"new_email": f"{mark()}@example.com"},
        f"DELETE {ACCOUNT}/email": None,
        f"POST {ACCOUNT}/email/confirm": {"token": change},
        f"PATCH {ACCOUNT}": {"username": mark()},
        f"POST {ACCOUNT}/password": {"current_password": owner.person.password, "new_password": NEW_PASSWORD},
        f"POST {ACCOUNT}/reauthenticate": {"password": owner.person.password},
        f"POST {ACCOUNT}/reauthenticate/options": None,
        f"POST {ACCOUNT}/sessions/end": {"which": "all"},
        f"DELETE {ACCOUNT}/sessions/{{session_id:uuid}}": None,
        f"DELETE {ACCOUNT}/applications/{{client_id}}": None,
        f"DELETE {ACCOUNT}/identities/{{identity_id:uuid}}": None,
        f"POST {ACCOUNT}/deletion": None,
        f"POST {ACCOUNT}/export": None,
    }


async def call_while_all_sessions_end(service: Service, owner: Owner, call: str, body: object) -> httpx.Response:
    """Make a call whose sessions end between the authentication and the lock of the user's row."""
    method, path = call.split()
    path = path.replace("{session_id:uuid}", str(uuid4())).replace("{passkey_id:uuid}", str(uuid4()))
    path = path.replace("{client_id}", "dwc_another").replace("{identity_id:uuid}", str(uuid4()))
    async with open_transaction(service.database_url) as ending:
        await ending.run(END_OF_ALL, owner.person.id)
        answer = asyncio.create_task(owner.call(method, path, json=body))
        await ending.blocks(answer)
        await ending.commit()
    return await answer


async def test_no_call_changes_data_after_its_session_has_ended(make_service: MakeService, tmp_path: Path) -> None:
    service = await make_service_with_mail(make_service, tmp_path)
    owner = await signed_in(service)
    body_of = await bodies(service, owner)
    assert body_of.keys() == changes_of_accounts(), "a call that changes data has no body in this test"
    outcome = {}
    for call, body in body_of.items():
        owner.pair = await service.log_in(owner.person)
        answer = await call_while_all_sessions_end(service, owner, call, body)
        outcome[call] = answer.status_code
    assert outcome == dict.fromkeys(body_of, 401)


@pytest.mark.parametrize("which", ["all", "others"])
async def test_a_body_that_arrives_after_the_end_of_its_session_changes_nothing(
    service: Service, owner: Owner, which: str
) -> None:
    other, name = Owner(service, owner.person, await service.log_in(owner.person)), mark()
    is_let_in, rest_is_due = asyncio.Event(), asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        is_let_in.set()
        yield b'{"username": '
        await rest_is_due.wait()
        yield f'"{name}"}}'.encode()

    headers = {"Content-Type": "application/json"}
    rename = asyncio.create_task(owner.call("PATCH", ACCOUNT, headers=headers, content=slow_body()))
    await is_let_in.wait()
    assert (await other.end(which)).status_code == 204
    rest_is_due.set()
    answer = await rename
    assert answer.status_code == 401
    assert is_problem(answer, 401, "invalid_access_token")
    assert service.sql("SELECT 1 FROM users WHERE username = %s", name) == []


async def test_the_session_of_an_administrator_ends_after_a_change_that_has_begun(service: Service) -> None:
    """`doorward end-all-sessions` ends sessions without a lock of their users."""
    owner, other = await signed_in(service), await service.register()
    caller = await caller_of(service.app.state.services.authentication, owner.pair.access)
    end = "UPDATE sessions SET ended_at = now(), end_reason = 'operator' WHERE user_id = %s"
    async with (
        await psycopg.AsyncConnection.connect(service.database_url) as change,
        await psycopg.AsyncConnection.connect(service.database_url, options="-c lock_timeout=200ms") as operator,
    ):
        await lock_caller_and_user(change, caller, UUID(other.id), now=service.clock.now())
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await operator.execute(end, [owner.person.id])
        await operator.rollback()
        await change.rollback()
        await operator.execute(end, [owner.person.id])
        await operator.commit()
        with pytest.raises(InvalidAccessTokenError):
            await lock_caller_and_user(change, caller, UUID(other.id), now=service.clock.now())
