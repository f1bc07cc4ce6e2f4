"""Mail delivery of whole services during faults: no mail is lost or sent twice."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from development.client import Person
from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate
from doorward.infrastructure.postgres.timeouts import TIMEOUTS
from tests.integration.mail_server import Mailroom, mail_server
from tests.integration.outbox.messages import eventually
from tests.integration.service import PARTS, Logs, MakeService, Service, events

PEOPLE = 12


def sending_to(port: int) -> dict[str, Any]:
    return {
        "public_url": "https://auth.example.com",
        "email_from": "accounts@example.com",
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_tls": "none",
        "background": "in_process",
    }


async def registered(services: list[Service]) -> list[Person]:
    return await asyncio.gather(*(services[number % len(services)].register() for number in range(PEOPLE)))


async def test_two_copies_send_each_mail_once(make_service: MakeService, own_database: str, tmp_path: Path) -> None:
    mailroom = Mailroom()
    async with mail_server(mailroom) as port:
        shared = {"database_url": own_database, "mail_development_folder": str(tmp_path), **sending_to(port)}
        services = [await make_service(**shared) for _ in range(2)]
        people = await registered(services)
        await eventually(lambda: services[0].sql("SELECT 1 FROM outbox") == [])
    assert sorted(message["To"] for message in mailroom.taken) == sorted(person.email for person in people)


async def test_a_restart_of_postgresql_during_delivery_loses_no_mail_and_repeats_none(
    make_service: MakeService, tmp_path: Path, logs: Logs
) -> None:
    mailroom, handed_in, stopped = Mailroom(), asyncio.Event(), asyncio.Event()

    async def wait_for_the_outage() -> None:
        handed_in.set()
        await stopped.wait()

    mailroom.before_data = wait_for_the_outage
    with EmbeddedPostgres(durable=False) as server:
        migrate(server.url())
        async with mail_server(mailroom) as port:
            shared = {
                "database_url": server.url(),
                "mail_development_folder": str(tmp_path),
                **sending_to(port),
            }
            service = await make_service(**{**shared, "background": "off"})
            people = await registered([service])
            # The sending service has short timeouts, and retries while the server is down.
            await make_service(replace(PARTS, timeouts=TIMEOUTS), **shared)
            await handed_in.wait()
            await asyncio.to_thread(server.stop)
            stopped.set()
            # The mail server accepts a mail whose row cannot be removed yet.
            await eventually(lambda: bool(mailroom.taken) and bool(events(logs, "outbox.stalled")))
            await asyncio.to_thread(server.start)
            await eventually(lambda: service.sql("SELECT 1 FROM outbox") == [])
    assert sorted(message["To"] for message in mailroom.taken) == sorted(person.email for person in people)
