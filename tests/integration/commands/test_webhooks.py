"""The operator's commands for webhooks, dead letters and the broker."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from doorward.commands.main import main
from doorward.domain.outbox.relay import SUBSCRIPTION
from tests.integration.outbox.messages import Outbox
from tests.integration.webhook_receiver import Receiver, receiving

Run = Callable[..., Awaitable[tuple[int, str, str]]]
URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


@pytest.fixture
def run(environment: pytest.MonkeyPatch, outbox: Outbox, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; return its status and its output."""
    environment.setenv("DATABASE_URL", outbox.url)
    environment.setenv("WEBHOOKS_ENABLED", "true")
    environment.setenv("WEBHOOK_NETWORKS", "127.0.0.0/8")

    async def run(*arguments: str) -> tuple[int, str, str]:
        status = await asyncio.to_thread(main, arguments)
        written = capsys.readouterr()
        return status, written.out, written.err

    return run


async def created(run: Run, *arguments: str) -> tuple[str, str]:
    status, out, _ = await run("webhooks", "create", *arguments)
    assert status == 0
    webhook_id, _, secret = out.strip().partition("\t")
    return webhook_id, secret


async def test_a_webhook_is_added_changed_and_removed(run: Run, outbox: Outbox) -> None:
    webhook_id, secret = await created(run, URL, "--type", "user.deleted", "--description", "Shop")
    assert secret.startswith("whsec_")
    assert await run("webhooks", "list") == (0, f"{webhook_id}\tenabled\tuser.deleted\t{URL}\tShop\n", "")
    assert (await run("webhooks", "disable", webhook_id))[1].split("\t")[1] == "disabled:operator"
    assert (await run("webhooks", "enable", webhook_id))[1].split("\t")[1] == "enabled"
    _, changed, _ = await run("webhooks", "change", webhook_id, "--all-types", "--description", "All")
    assert changed == f"{webhook_id}\tenabled\tall\t{URL}\tAll\n"
    status, rotated, _ = await run("webhooks", "rotate-secret", webhook_id)
    assert (status, rotated.startswith("whsec_"), rotated.strip() != secret) == (0, True, True)
    assert (await run("webhooks", "delete", webhook_id))[0] == 0
    assert await run("webhooks", "list") == (0, "", "")
    entries = outbox.sql("SELECT DISTINCT split_part(actor, ':', 1) AS actor FROM audit_events")
    assert entries == [{"actor": "operator"}]


async def test_a_test_message_fails_the_command_unless_it_is_accepted(run: Run) -> None:
    async with receiving(Receiver()) as port:
        webhook_id, _ = await created(run, f"http://127.0.0.1:{port}/")
        status, out, _ = await run("webhooks", "test", webhook_id)
        assert (status, "accepted with status 200" in out) == (0, True)
    assert (await run("webhooks", "test", webhook_id))[::2] == (
        1,
        "doorward: the webhook did not accept the message: connection\n",
    )


async def test_past_events_are_replayed(run: Run, outbox: Outbox) -> None:
    webhook_id, _ = await created(run, URL)
    outbox.sql("DELETE FROM outbox")
    (entry,) = outbox.sql("SELECT occurred_at FROM audit_events")
    day = entry["occurred_at"].date()
    tomorrow = day + timedelta(days=1)
    status, out, _ = await run("webhooks", "replay", webhook_id, "--since", f"{day}", "--until", f"{tomorrow}")
    assert (status, out) == (0, "doorward: 1 messages are to be sent again\n")
    assert len(outbox.rows()) == 1


async def test_dead_letters_are_listed_and_retried(run: Run, outbox: Outbox) -> None:
    webhook_id, _ = await created(run, URL)
    outbox.sql("UPDATE outbox SET dead_reason = 'status_500', died_at = now(), attempts = 10")
    (row,) = outbox.rows()
    status, out, _ = await run("outbox", "list", "--webhook", webhook_id)
    assert status == 0
    assert out.split("\t")[:6] == [str(row["id"]), "webhook", "webhook.changed", webhook_id, "10", "status_500"]
    assert (await run("outbox", "retry", str(row["id"])))[0] == 0
    assert await run("outbox", "list") == (0, "", "")
    status, _, err = await run("outbox", "retry", str(row["id"]))
    assert (status, err) == (1, "doorward: There is no such dead letter whose content is kept.\n")
    outbox.sql("UPDATE outbox SET dead_reason = 'status_500', died_at = now()")
    assert (await run("outbox", "retry", "--webhook", webhook_id))[1] == "doorward: 1 messages are to be sent again\n"
    assert (await run("outbox", "retry"))[0] == 2


async def test_errors_are_reported_in_one_line(run: Run, environment: pytest.MonkeyPatch) -> None:
    status, _, err = await run("webhooks", "create", "https://10.0.0.1/")
    assert (status, err.startswith("doorward: Webhooks go to public addresses")) == (1, True)
    assert (await run("webhooks", "enable", str(uuid4())))[::2] == (1, "doorward: There is no such webhook.\n")
    environment.setenv("WEBHOOKS_ENABLED", "false")
    status, _, err = await run("webhooks", "list")
    assert (status, err.count("\n"), "WEBHOOKS_ENABLED" in err) == (1, 1, True)


async def test_the_broker_can_be_unsubscribed_only_without_its_url_setting(
    run: Run, outbox: Outbox, environment: pytest.MonkeyPatch
) -> None:
    outbox.sql("INSERT INTO rabbitmq_subscriptions (id) VALUES (%s)", SUBSCRIPTION)
    await created(run, URL)
    environment.setenv("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1/")
    status, _, err = await run("rabbitmq", "unsubscribe", "--yes")
    assert (status, "RABBITMQ_URL is set" in err, "guest" in err) == (1, True, False)
    environment.delenv("RABBITMQ_URL")
    status, out, _ = await run("rabbitmq", "unsubscribe", "--yes")
    assert (status, out) == (0, "doorward: the broker gets no more events; dropped 1 messages\n")
    assert outbox.sql("SELECT id FROM rabbitmq_subscriptions") == []
