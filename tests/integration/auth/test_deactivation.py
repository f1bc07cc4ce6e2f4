"""`doorward deactivate` and `doorward activate` take effect at once, and no ended session becomes valid again."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import psycopg
import pytest

from development.client import PASSWORD, Person
from doorward.commands.main import main
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.wiring.accounts import create_one_time_tokens
from tests.integration.service import Logs, Service, events, facts, is_problem, statuses

AT_ONCE = 8
Run = Callable[..., Awaitable[int]]


@pytest.fixture
def run(environment: pytest.MonkeyPatch, service: Service) -> Run:
    """Run the command on the database of the running service."""
    environment.setenv("DATABASE_URL", service.database_url)

    async def run(*arguments: str) -> int:
        return await asyncio.to_thread(main, arguments)

    return run


def live_sessions_of(service: Service, person: Person) -> int:
    """Return the number of the user's sessions of the current epoch that have not ended."""
    live = "SELECT 1 FROM sessions JOIN users ON users.id = user_id AND session_epoch = epoch"
    return len(service.sql(f"{live} WHERE user_id = %s AND ended_at IS NULL", person.id))


async def test_a_deactivated_user_is_refused_everywhere_and_others_are_not(
    service: Service, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    person, pair = await service.register_and_log_in()
    other = await service.log_in(person)
    _, stranger = await service.register_and_log_in()
    assert await run("deactivate", person.username.upper()) == 0
    *logged, said = capsys.readouterr().out.splitlines()
    assert said == "doorward: the user is deactivated; ended 2 sessions"
    assert "auth.user.deactivated" in "".join(logged)
    for each in (pair, other):
        assert is_problem(await service.get_me(each.access), 401, "invalid_access_token")
        assert is_problem(await service.post_refresh(each.refresh), 401, "invalid_refresh_token")
    assert is_problem(await service.post_token(person.email, person.password), 401, "invalid_credentials")
    assert live_sessions_of(service, person) == 0
    assert (await service.get_me(stranger.access)).status_code == 200
    await service.refresh(stranger.refresh)


async def test_an_activated_user_logs_in_and_old_sessions_stay_ended(
    service: Service, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    person, pair = await service.register_and_log_in()
    assert await run("deactivate", person.email) == 0
    assert await run("activate", person.email) == 0
    *logged, said = capsys.readouterr().out.splitlines()
    assert said == "doorward: the user can log in again"
    assert "auth.user.activated" in "".join(logged)
    assert (await service.get_me(pair.access)).status_code == 401
    assert (await service.post_refresh(pair.refresh)).status_code == 401
    fresh = await service.log_in(person)
    assert (await service.get_me(fresh.access)).status_code == 200


async def test_links_mailed_before_a_deactivation_stay_invalid_after_activation(service: Service) -> None:
    person = await service.register()
    tokens = create_one_time_tokens(service.settings.keys)
    async with service.database.connection() as connection:
        issued = [
            await tokens.issue(
                connection,
                purpose,
                user_id=UUID(person.id),
                email_key=person.email,
                message_id=uuid4(),
                now=service.clock.now(),
            )
            for purpose in (Purpose.PASSWORD_RESET, Purpose.VERIFY_EMAIL)
        ]
    await service.deactivate(person)
    await service.activate(person)
    reset, verification = (each.text for each in issued)
    assert is_problem(await service.post_reset(reset, "four other random words"), 422, "invalid_token")
    assert is_problem(await service.post_verify(verification, person.password), 422, "invalid_token")


async def test_sessions_that_already_ended_are_not_counted(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    await service.post_revoke(pair.refresh)
    await service.log_in(person)
    assert await service.deactivate(person) == 1
    assert await service.deactivate(person) == 0


async def test_a_concurrent_login_leaves_no_live_session(service: Service) -> None:
    for _ in range(5):
        person = await service.register()
        logins = [service.post_token(person.username, person.password) for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*logins, service.deactivate(person))
        assert set(statuses(answers[:-1])) <= {200, 401}  # type: ignore[arg-type] # the last argument is the number
        assert live_sessions_of(service, person) == 0
        assert (await service.post_token(person.username, person.password)).status_code == 401


async def test_a_deactivation_during_the_password_check_refuses_the_login(service_alone: Service, logs: Logs) -> None:
    person = await service_alone.register()
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as operator:
        await operator.execute("UPDATE users SET is_active = false WHERE id = %s", [person.id])
        login = asyncio.create_task(service_alone.post_token(person.username, PASSWORD))
        await service_alone.locks_are_waited_for(1)
    assert is_problem(await login, 401, "invalid_credentials")
    (line,) = events(logs, "auth.login.failed")
    assert facts(line, "reason", "target_user_id") == ("inactive_user", person.id)


async def test_a_concurrent_refresh_leaves_no_live_session(service: Service) -> None:
    for _ in range(5):
        person, pair = await service.register_and_log_in()
        refreshed, _ = await asyncio.gather(service.post_refresh(pair.refresh), service.deactivate(person))
        assert live_sessions_of(service, person) == 0
        if refreshed.status_code == 200:
            assert (await service.post_refresh(refreshed.json()["refresh_token"])).status_code == 401


async def test_events_of_deactivation_and_activation_contain_no_user_name(service: Service, logs: Logs) -> None:
    person, _ = await service.register_and_log_in()
    await service.deactivate(person)
    await service.activate(person)
    (barred,) = events(logs, "auth.user.deactivated")
    (opened,) = events(logs, "auth.user.activated")
    assert facts(barred, "outcome", "target_user_id", "count") == ("success", person.id, 1)
    assert facts(opened, "outcome", "target_user_id") == ("success", person.id)
    assert person.username not in f"{barred}{opened}"


async def test_a_user_removed_after_the_lookup_is_not_found(service: Service) -> None:
    person = await service.register()
    service.sql("DELETE FROM users WHERE id = %s", person.id)
    for call in (service.deactivate, service.activate):
        with pytest.raises(UserNotFoundError):
            await call(person)


@pytest.mark.parametrize("command", ["deactivate", "activate"])
@pytest.mark.parametrize("name", ["nobody-of-this-name", "nobody@example.com", "no name", ""])
async def test_an_unknown_name_is_reported_in_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    assert await run(command, name) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("doorward: There is no such user. Check the spelling of the user name")


async def test_all_sessions_end_with_one_update_of_the_users_row(service: Service) -> None:
    person = await service.register()
    pairs = [await service.log_in(person) for _ in range(5)]
    before = service.sessions_of(person)
    assert await service.deactivate(person) == 5
    assert service.sessions_of(person) == before
    await service.activate(person)
    for pair in pairs:
        assert (await service.get_me(pair.access)).status_code == 401
        assert (await service.post_refresh(pair.refresh)).status_code == 401
        assert (await service.post_revoke(pair.refresh)).status_code == 204


async def test_a_login_checked_before_the_end_of_all_sessions_is_refused(service_alone: Service, logs: Logs) -> None:
    person = await service_alone.register()
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as operator:
        await operator.execute("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", [person.id])
        login = asyncio.create_task(service_alone.post_token(person.username, PASSWORD))
        await service_alone.locks_are_waited_for(1)
    assert is_problem(await login, 401, "invalid_credentials")
    (line,) = events(logs, "auth.login.failed")
    assert facts(line, "reason", "target_user_id") == ("outdated_proof", person.id)
    assert (await service_alone.post_token(person.username, PASSWORD)).status_code == 200


async def test_a_logout_waits_for_a_change_of_its_user_without_a_deadlock(service_alone: Service) -> None:
    """A logout locks the user before its sessions, in the same order as every other change."""
    person, pair = await service_alone.register_and_log_in()
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as operator:
        await operator.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [person.id])
        logout = asyncio.create_task(service_alone.post_revoke(pair.refresh))
        await service_alone.locks_are_waited_for(1)
        await operator.execute("UPDATE sessions SET user_agent = 'seen' WHERE user_id = %s", [person.id])
    assert (await logout).status_code == 204
    assert service_alone.sessions_of(person)[0]["end_reason"] == "logout"
