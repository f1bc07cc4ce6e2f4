"""Stored payloads are encrypted again with the current key, while messages are added and removed."""

import secrets

import pytest

from doorward.core.ports import SealedDataError
from doorward.domain.outbox.mail import MailRequest
from doorward.domain.outbox.models import sealing_context
from doorward.domain.outbox.resealing import OutboxResealing, Resealed
from doorward.infrastructure.sealing import AesGcmSealer
from tests.integration.outbox.messages import Outbox, add_mails

OLD, NEW, LOST = (secrets.token_bytes(32) for _ in range(3))


@pytest.fixture
def outbox(own_database: str) -> Outbox:
    return Outbox(own_database)


def opened(outbox: Outbox, key: bytes) -> list[MailRequest]:
    """Return the payloads that this key alone decrypts."""
    found, sealer = [], AesGcmSealer([key])
    for row in outbox.rows():
        try:
            sealed = sealer.open(row["payload"], context=sealing_context(row["message_id"]))
        except SealedDataError:
            continue
        found.append(MailRequest.from_bytes(sealed))
    return found


async def test_payloads_of_another_key_are_encrypted_with_the_current_key(outbox: Outbox) -> None:
    await add_mails(outbox, OLD, mails=5)
    await add_mails(outbox, NEW, mails=2)
    before = opened(outbox, OLD) + opened(outbox, NEW)
    untouched = outbox.rows()[5:]
    resealing = OutboxResealing(database=outbox.database, sealer=AesGcmSealer([NEW, OLD]), rows_a_batch=2)
    assert await resealing.reseal() == Resealed(resealed=5, unreadable=0)
    assert opened(outbox, NEW) == before
    assert opened(outbox, OLD) == []
    assert [row["payload"] for row in outbox.rows()[5:]] == [row["payload"] for row in untouched]
    assert await resealing.reseal() == Resealed(resealed=0, unreadable=0)


async def test_payloads_that_no_key_decrypts_are_counted_and_kept(outbox: Outbox) -> None:
    await add_mails(outbox, LOST)
    await add_mails(outbox, OLD)
    sealer = AesGcmSealer([NEW, OLD])
    assert await OutboxResealing(database=outbox.database, sealer=sealer).reseal() == Resealed(1, unreadable=1)
    assert len(opened(outbox, LOST)) == 1


async def test_a_dead_letter_without_content_is_not_changed(outbox: Outbox) -> None:
    await add_mails(outbox, OLD)
    outbox.sql("UPDATE outbox SET dead_reason = 'expired', died_at = now(), payload = ''")
    sealer = AesGcmSealer([NEW, OLD])
    assert await OutboxResealing(database=outbox.database, sealer=sealer).reseal() == Resealed(0, unreadable=0)
    assert bytes(outbox.rows()[0]["payload"]) == b""


class ChangingSealer(AesGcmSealer):
    """A sealer during whose call one message becomes a dead letter and another is sent."""

    outbox: Outbox
    dying: int
    sent: int

    def seal(self, data: bytes, *, context: bytes) -> bytes:
        self.outbox.sql(
            "UPDATE outbox SET dead_reason = 'expired', died_at = now(), payload = '' WHERE id = %s", self.dying
        )
        self.outbox.sql("DELETE FROM outbox WHERE id = %s", self.sent)
        return super().seal(data, context=context)


async def test_a_message_sent_or_dead_meanwhile_is_not_restored(outbox: Outbox) -> None:
    await add_mails(outbox, OLD, mails=3)
    sealer = ChangingSealer([NEW, OLD])
    sealer.outbox = outbox
    sealer.dying, sealer.sent, other = (row["id"] for row in outbox.rows())
    assert await OutboxResealing(database=outbox.database, sealer=sealer).reseal() == Resealed(1, unreadable=0)
    rows = outbox.rows()
    assert [(row["id"], bytes(row["payload"]) == b"") for row in rows] == [(sealer.dying, True), (other, False)]
    assert len(opened(outbox, NEW)) == 1
