"""Every new password is checked against breached passwords, outside of transactions."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from development.client import new_person
from doorward.core.exceptions import DomainError
from doorward.domain.accounts.recovery import Recovery
from doorward.domain.auth.repositories.one_time_tokens import MAXIMUM_CODE_ATTEMPTS
from doorward.settings.config import Settings
from doorward.wiring.accounts import create_recovery
from doorward.wiring.foundation import Foundation
from doorward.wiring.registration import registration_rules
from tests.integration.accounts.conftest import Mails, token_of
from tests.integration.breach_server import Ranges, breach_server, digest_of, ok
from tests.integration.service import Logs, MakeService, Service, events, is_problem

LEAKED = "three leaked words"
GOOD = "three other words"


@pytest.fixture
def leaked_list(tmp_path: Path) -> Path:
    path = tmp_path / "breached.txt"
    path.write_text("".join(f"{each}:5\n" for each in sorted(map(digest_of, (LEAKED, "another one")))))
    return path


@pytest.fixture
async def checking(make_service: MakeService, leaked_list: Path) -> Service:
    return await make_service(password_breaches="file", password_breaches_list=str(leaked_list))


def remove(path: Path) -> None:
    path.unlink()


def with_breach_check(settings: Settings, leaked_list: Path) -> Settings:
    changes = {"password_breaches": "file", "password_breaches_list": leaked_list}
    return replace(settings, passwords=settings.passwords.model_copy(update=changes))


async def code_of(call: object) -> str:
    """Return the code of the refusal, or an empty text."""
    try:
        await call  # type: ignore[misc] # a coroutine
    except DomainError as refusal:
        return refusal.code
    return ""


async def test_a_registration_with_a_leaked_password_is_refused(checking: Service, logs: Logs) -> None:
    person = new_person()
    refused = await checking.post_register(person.username, person.email, LEAKED)
    assert is_problem(refused, 422, "password_breached")
    assert (await checking.post_register(person.username, person.email, GOOD)).status_code == 201
    assert len(events(logs, "auth.breach_check.refused")) == 1
    for shown in (refused.text, logs.text()):
        assert LEAKED not in shown
        assert digest_of(LEAKED)[:5] not in shown


async def test_a_leaked_password_is_found_in_its_normalized_form(checking: Service) -> None:
    person = new_person()
    wide = LEAKED.translate({ord(letter): ord(letter) + 0xFEE0 for letter in "abcdefghijklmnopqrstuvwxyz"})
    refused = await checking.post_register(person.username, person.email, wide)
    assert is_problem(refused, 422, "password_breached")


async def test_a_change_to_a_leaked_password_is_refused(checking: Service) -> None:
    person, pair = await checking.register_and_log_in()
    refused = await checking.post_password(pair.access, person.password, LEAKED)
    assert is_problem(refused, 422, "password_breached")
    assert (await checking.post_login(person)).status_code == 200


def recovery_with_breach_check(mails: Mails, leaked_list: Path) -> Recovery:
    service, settings = mails.service, with_breach_check(mails.service.settings, leaked_list)
    base = Foundation(settings, service.database, service.hasher, mails.clock, mails.queue)
    return create_recovery(base, registration_rules(settings))


async def test_a_reset_to_a_leaked_password_keeps_the_token_and_all_attempts_of_the_code(
    mails: Mails, leaked_list: Path
) -> None:
    service, recovery = mails.service, recovery_with_breach_check(mails, leaked_list)
    person = await service.register()
    mail = await mails.reset_mail(person.email)
    assert mail is not None
    for _ in range(MAXIMUM_CODE_ATTEMPTS + 1):
        assert await code_of(recovery.reset_by_code(person.email, mail.facts["code"], LEAKED)) == "password_breached"
    assert await code_of(recovery.reset_by_token(token_of(mail), LEAKED)) == "password_breached"
    (stored,) = service.sql("SELECT code_attempts FROM one_time_tokens WHERE user_id = %s", person.id)
    assert stored["code_attempts"] == 0
    await recovery.reset_by_code(person.email, mail.facts["code"], GOOD)
    assert (await service.post_token(person.username, GOOD)).status_code == 200


async def test_a_reset_checks_the_password_only_with_a_valid_code_or_token(
    mails: Mails, leaked_list: Path, logs: Logs
) -> None:
    service, recovery = mails.service, recovery_with_breach_check(mails, leaked_list)
    person = await service.register()
    mail = await mails.reset_mail(person.email)
    assert mail is not None
    wrong = f"{(int(mail.facts['code']) + 1) % 10**8:08d}"
    for email in (person.email, "unknown@example.com"):
        assert await code_of(recovery.reset_by_code(email, wrong, LEAKED)) == "invalid_token"
    assert await code_of(recovery.reset_by_token("dwo_made-up", LEAKED)) == "invalid_token"
    assert events(logs, "auth.breach_check.refused") == []
    (stored,) = service.sql("SELECT code_attempts FROM one_time_tokens WHERE user_id = %s", person.id)
    assert stored["code_attempts"] == 1


async def test_a_login_with_a_password_that_leaked_later_succeeds(make_service: MakeService, leaked_list: Path) -> None:
    person = await (await make_service()).register(password=LEAKED)
    later = await make_service(password_breaches="file", password_breaches_list=str(leaked_list))
    assert (await later.post_token(person.username, LEAKED)).status_code == 200


async def test_a_password_that_cannot_be_checked_is_accepted_and_logged(
    make_service: MakeService, leaked_list: Path, logs: Logs
) -> None:
    service = await make_service(password_breaches="file", password_breaches_list=str(leaked_list))
    remove(leaked_list)
    person = new_person()
    assert (await service.post_register(person.username, person.email, LEAKED)).status_code == 201
    (failed,) = events(logs, "auth.breach_check.failed")
    assert (failed["reason"], failed["accepted"], failed["level"]) == ("unreadable", True, "warning")


async def test_with_failure_closed_a_password_that_cannot_be_checked_is_answered_503(
    make_service: MakeService, leaked_list: Path
) -> None:
    service = await make_service(
        password_breaches="file", password_breaches_list=str(leaked_list), password_breaches_failure="closed"
    )
    remove(leaked_list)
    person = new_person()
    answer = await service.post_register(person.username, person.email, GOOD)
    assert is_problem(answer, 503, "service_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert service.sql("SELECT 1 FROM users WHERE username = %s", person.username) == []


async def answered_in_time(service: Service, password: str) -> httpx.Response:
    """Register until the check has finished in time, which a busy machine may prevent."""
    while True:
        person = new_person()
        answer = await service.post_register(person.username, person.email, password)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(0.1)


async def test_the_breach_server_is_called_outside_of_transactions_and_redirects_are_not_followed(
    make_service: MakeService,
) -> None:
    ranges, held = Ranges([LEAKED]), []
    async with breach_server(ranges) as port:
        service = await make_service(
            password_breaches="hibp",
            password_breaches_url=f"http://127.0.0.1:{port}",
            password_breaches_failure="closed",
        )

        def note_transactions() -> None:
            held.append(service.idle_transactions())

        ranges.on_request = note_transactions
        assert is_problem(await answered_in_time(service, LEAKED), 422, "password_breached")
        assert (await answered_in_time(service, GOOD)).status_code == 201
        assert set(held) == {0}
        ranges.raw = ok("", status="307 Temporary Redirect", headers=f"Location: http://127.0.0.1:{port}/x\r\n")
        person = new_person()
        assert (await service.post_register(person.username, person.email, GOOD)).status_code == 503
    assert "/x" not in ranges.asked
