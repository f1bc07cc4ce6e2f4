"""Reuse of a refresh token is reported to the user by one mail, queued in the transaction that ends the session."""

from pathlib import Path

from tests.integration.accounts.own_account import signed_in
from tests.integration.mailbox import code_in, make_service_with_mail, next_mail
from tests.integration.service import FakeClock, MakeService


async def test_a_session_ended_by_reuse_is_reported_to_its_user(
    make_service: MakeService, tmp_path: Path, clock: FakeClock
) -> None:
    service = await make_service_with_mail(make_service, tmp_path)
    owner = await signed_in(service)
    code = code_in(await next_mail(service, owner.person.email, "Confirm"))
    assert (await owner.call("POST", "/api/v1/auth/email/verify", json={"code": code})).status_code == 204
    await service.refresh(owner.pair.refresh)
    assert (await service.post_refresh(owner.pair.refresh)).status_code == 401
    mail = await next_mail(service, owner.person.email, "signed out")
    assert f"{clock.now():%Y-%m-%d %H:%M} UTC" in mail.content.text


async def test_one_reuse_queues_one_mail_and_a_logout_or_a_forgery_none(
    make_service: MakeService, own_database: str, tmp_path: Path
) -> None:
    service = await make_service(
        database_url=own_database,
        public_url="https://auth.example.com",
        mail_development_folder=tmp_path,
    )
    asked = "SELECT count(*) FROM outbox WHERE kind = 'reuse_detected'"
    owner = await signed_in(service)
    await service.post_revoke(owner.pair.refresh)
    await service.post_refresh(owner.pair.refresh)
    await service.post_refresh(owner.pair.refresh[:-1] + "A")
    assert service.sql(asked) == [{"count": 0}]
    first = await service.log_in(owner.person)
    await service.refresh(first.refresh)
    for _ in range(2):
        assert (await service.post_refresh(first.refresh)).status_code == 401
    assert service.sql(asked) == [{"count": 1}]
    other = await service.log_in(owner.person)
    rotated = await service.refresh(other.refresh)
    service.sql("ALTER TABLE outbox ADD CONSTRAINT refused CHECK (id < 0) NOT VALID")
    assert (await service.post_refresh(other.refresh)).status_code == 503
    assert (await service.get_me(rotated.access)).status_code == 200
