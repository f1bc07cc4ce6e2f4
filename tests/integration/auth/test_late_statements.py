"""A statement that reaches PostgreSQL after its deadline changes nothing, and no token becomes invalid."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.exceptions import InvalidRefreshTokenError
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.infrastructure.postgres.database import PostgresDatabase
from tests.integration.service import PARTS, Logs, MakeService, Service, events, facts


class LateDatabase(PostgresDatabase):
    """A database whose statements all arrive after their deadline."""

    def deadline(self) -> datetime:
        return super().deadline() - timedelta(minutes=5)


@pytest.fixture
async def late_sessions(service: Service, make_service: MakeService) -> Sessions:
    """Return the use cases of a second copy, on the database of the first."""
    late = await make_service(replace(PARTS, database=LateDatabase(service.settings.database)))
    sessions: Sessions = late.app.state.services.sessions
    return sessions


def late_statements(logs: Logs) -> list[object]:
    return [facts(line, "statement")[0] for line in events(logs, "database.statement_late")]


async def test_a_late_rotation_changes_nothing_and_the_token_stays_valid(
    service: Service, late_sessions: Sessions, logs: Logs
) -> None:
    person, pair = await service.register_and_log_in()
    before = service.sessions_of(person)
    with pytest.raises(ServiceUnavailableError):
        await late_sessions.refresh(pair.refresh)
    assert service.sessions_of(person) == before
    assert late_statements(logs) == ["rotation"]
    successor = await service.refresh(pair.refresh)
    assert (await service.get_me(successor.access)).status_code == 200


async def test_a_used_token_is_detected_although_its_rotation_is_late(
    service: Service, late_sessions: Sessions
) -> None:
    person, pair = await service.register_and_log_in()
    await service.refresh(pair.refresh)
    with pytest.raises(InvalidRefreshTokenError):
        await late_sessions.refresh(pair.refresh)
    assert service.sessions_of(person)[0]["end_reason"] == "reuse"


async def test_the_token_of_an_inactive_user_is_refused_although_its_rotation_is_late(
    service: Service, late_sessions: Sessions
) -> None:
    person, pair = await service.register_and_log_in()
    service.set_active(person, active=False)
    with pytest.raises(InvalidRefreshTokenError):
        await late_sessions.refresh(pair.refresh)


async def test_the_end_of_a_session_has_no_deadline(service: Service, late_sessions: Sessions) -> None:
    """The caller requested it, and a repetition changes nothing."""
    person, pair = await service.register_and_log_in()
    await late_sessions.revoke(pair.refresh)
    assert service.sessions_of(person)[0]["end_reason"] == "logout"
