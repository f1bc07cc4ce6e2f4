"""Ending a user's sessions also forgets the known devices; the requesting device gets a new token."""

import pytest

from development.callers import caller_of
from development.client import PASSWORD, Pair, Person, pair
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.models import Proof
from doorward.domain.auth.ports import NO_CLIENT
from doorward.domain.auth.repositories import users
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.wiring.auth import create_continuation, create_signer, lifetimes_of
from doorward.wiring.foundation import Foundation
from tests.integration.auth.known_devices import HEADER, devices_of, log_in, read
from tests.integration.auth.refresh_tokens import codec_of
from tests.integration.service import Service

CHANGED = f"{PASSWORD} twice"


async def change_password(service: Service, tokens: Pair) -> str:
    answer = await service.post_password(tokens.access, PASSWORD, CHANGED)
    pair(answer)
    return answer.headers[HEADER]


async def end_others(service: Service, tokens: Pair) -> str:
    answer = await service.post_sessions_end(tokens.access, "others")
    assert answer.status_code == 204
    return answer.headers[HEADER]


@pytest.mark.parametrize(("change", "password"), [(change_password, CHANGED), (end_others, PASSWORD)])
async def test_only_the_requesting_device_stays_known_with_a_new_token(
    service: Service, change: object, password: str
) -> None:
    person, tokens = await service.register_and_log_in()
    before = [await log_in(service, person) for _ in range(2)]
    given = await change(service, tokens)  # type: ignore[operator] # a coroutine function
    assert set(devices_of(service, person)) == {read(service, given).device_id}
    current = [row for row in service.sessions_of(person) if row["device_id"] == read(service, given).device_id]
    assert len(current) == 1
    person = Person(person.id, person.email, person.username, password)
    assert await log_in(service, person, given) == given
    for ended in before:
        assert await log_in(service, person, ended) not in {ended, given}


async def test_ending_all_sessions_issues_no_device_token_and_forgets_all_devices(service: Service) -> None:
    person, tokens = await service.register_and_log_in()
    before = await log_in(service, person)
    answer = await service.post_sessions_end(tokens.access, "all")
    assert (answer.status_code, HEADER in answer.headers) == (204, False)
    assert await log_in(service, person, before) != before


async def test_the_openapi_document_lists_the_header_of_each_of_these_responses(service: Service) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    for path, status in (("password", "200"), ("sessions/end", "204"), ("email/confirm", "200")):
        answer = paths[f"/api/v1/account/{path}"]["post"]["responses"][status]
        assert answer["headers"][HEADER]["required"] is (path == "password")


async def test_a_refused_change_leaves_the_device_known(service: Service) -> None:
    person, tokens = await service.register_and_log_in()
    known = await log_in(service, person)
    answer = await service.post_password(tokens.access, "wrong", CHANGED)
    assert (answer.status_code, HEADER in answer.headers) == (403, False)
    assert await log_in(service, person, known) == known


async def test_a_user_deactivated_after_the_proof_gets_no_continued_session(service: Service) -> None:
    person, tokens = await service.register_and_log_in()
    caller = await caller_of(service.app.state.services.authentication, tokens.access)
    service.set_active(person, active=False)
    base = Foundation(service.settings, service.database, service.hasher, service.clock, MailQueue(None))
    lifetimes, now = lifetimes_of(service.settings), service.clock.now()
    signer, codec = create_signer(service.settings, lifetimes, None), codec_of(service)
    issuer = TokenPairIssuer(signer=signer, codec=codec, lifetimes=lifetimes)
    continuation = create_continuation(base, issuer)
    proof = Proof(caller.user.id, ("pwd",), acr=1, proven_at=now, session_epoch=0)
    device = continuation.describe(NO_CLIENT, None)
    async with service.database.connection() as connection:
        account = await users.lock_account(connection, caller.user.id)
    assert account is not None
    with pytest.raises(InvalidAccessTokenError):
        async with service.database.transaction() as connection:
            await continuation.begin(connection, caller, account, proof, device, now=now)
    assert len(service.sessions_of(person)) == 1
