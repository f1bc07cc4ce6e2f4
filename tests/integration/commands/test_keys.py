"""`doorward keys rewrap`: afterwards the first key decrypts all stored data."""

import asyncio
import secrets

import pytest

from doorward.commands.main import main
from doorward.domain.outbox.models import sealing_context
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.settings.config import settings_from
from doorward.wiring.keys import sealing_keys
from tests.integration.outbox.messages import Outbox, add_mails


async def test_after_rewrapping_with_a_new_first_key_the_old_key_can_be_removed(
    environment: pytest.MonkeyPatch, own_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    new, old = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
    secret_key = secrets.token_urlsafe(48)
    values = {"encryption_keys": f"{new},{old}", "secret_key": secret_key}
    new_key, old_key, _ = sealing_keys(settings_from(values).keys)
    outbox = Outbox(own_database)
    await add_mails(outbox, old_key, mails=3)
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("ENCRYPTION_KEYS", f"{new},{old}")
    assert await asyncio.to_thread(main, ["keys", "rewrap"]) == 0
    output = capsys.readouterr()
    assert "doorward: encrypted 3 stored secrets under the first key" in output.out
    for row in outbox.rows():
        assert AesGcmSealer([new_key]).open(row["payload"], context=sealing_context(row["message_id"]))
    await add_mails(outbox, secrets.token_bytes(32))
    assert await asyncio.to_thread(main, ["keys", "rewrap"]) == 1
    assert "1 stored secrets were left as they are" in capsys.readouterr().err
    assert new not in output.out + output.err
