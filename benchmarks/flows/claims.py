"""Outbox claims: claims per second with few and many messages, and the time of a claim behind blocked messages."""

import time
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from psycopg import AsyncConnection

from benchmarks.samples import Sample, Series
from doorward.domain.outbox.mail import MAIL_CHANNEL
from doorward.domain.outbox.repository import claim_messages, update_blocked_messages

WAITING: Final = (0, 100_000)
"""Number of due messages besides those that are claimed."""

BATCHES: Final = (5, 100)
"""Messages per claim: as many as one delivery run takes, and as many as one statement may lock."""

CLAIMED: Final = 2_000
LEASE: Final = timedelta(hours=1)
BLOCKED: Final = 20_000
"""Due messages of one stream, behind a first message that waits for its retry."""

BLOCKED_CLAIM: Final = "claim that finds blocked messages only"
ASIDE: Final = "1,000 blocked messages put aside"
CLAIM_BEHIND: Final = "claim of the one due message then"
_PAYLOAD_BYTES: Final = 200
_CHANNEL: Final = "webhook"


def name_of(waiting: int, batch: int) -> str:
    """Return the name of the series of a queue length and a batch size."""
    return f"claims of {batch}, {waiting:,} waiting"


async def measure_claims(url: str, rounds: int, series: Series) -> None:
    """Measure claims of all sizes in turns."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        for _ in range(rounds):
            for waiting in WAITING:
                for batch in BATCHES:
                    series.add(name_of(waiting, batch), Sample(await _claims_per_second(connection, waiting, batch)))
            await _add_claims_behind_blocked(connection, series)
        await connection.execute("TRUNCATE outbox")


async def _add_claims_behind_blocked(connection: AsyncConnection[Any], series: Series) -> None:
    """Claim as delivery does: claim, put the blocked messages aside in parts, claim the due one. In milliseconds."""
    await connection.execute("TRUNCATE outbox")
    await connection.execute(
        """
        INSERT INTO outbox (message_id, channel, kind, payload, endpoint, stream, due_at)
        SELECT gen_random_uuid(), %(channel)s, 'kind', '', %(endpoint)s, %(stream)s,
            clock_timestamp() + CASE WHEN number = 0 THEN interval '1 hour' ELSE interval '-1 hour' END
        FROM generate_series(0, %(count)s) AS number
        """,
        {"channel": _CHANNEL, "endpoint": uuid4(), "stream": uuid4(), "count": BLOCKED},
    )
    await connection.execute(
        "INSERT INTO outbox (message_id, channel, kind, payload) VALUES (gen_random_uuid(), %(channel)s, 'kind', '')",
        {"channel": _CHANNEL},
    )
    await connection.execute("VACUUM ANALYZE outbox")
    began = time.monotonic()
    none = await claim_messages(connection, channel=_CHANNEL, lease=LEASE, limit=BATCHES[0])
    series.add(BLOCKED_CLAIM, Sample((time.monotonic() - began) * 1e3))
    while True:
        began = time.monotonic()
        if not await update_blocked_messages(connection, channel=_CHANNEL, lease=LEASE):
            break
        series.add(ASIDE, Sample((time.monotonic() - began) * 1e3))
    began = time.monotonic()
    found = await claim_messages(connection, channel=_CHANNEL, lease=LEASE, limit=BATCHES[0])
    series.add(CLAIM_BEHIND, Sample((time.monotonic() - began) * 1e3))
    if none or len(found) != 1:
        raise RuntimeError(f"claimed {len(none)} and {len(found)} messages where none and one are due")


async def _claims_per_second(connection: AsyncConnection[Any], waiting: int, batch: int) -> float:
    await connection.execute("TRUNCATE outbox")
    await connection.execute(
        """
        INSERT INTO outbox (message_id, channel, kind, payload)
        SELECT gen_random_uuid(), %(channel)s, 'verify_email', decode(repeat('00', %(bytes)s), 'hex')
        FROM generate_series(1, %(count)s)
        """,
        {"channel": MAIL_CHANNEL, "bytes": _PAYLOAD_BYTES, "count": waiting + CLAIMED},
    )
    await connection.execute("VACUUM ANALYZE outbox")
    claimed, began = 0, time.monotonic()
    while claimed < CLAIMED:
        messages = await claim_messages(connection, channel=MAIL_CHANNEL, lease=LEASE, limit=batch)
        if len(messages) != batch:
            raise RuntimeError(f"claimed {len(messages)} messages where {batch} are due")
        claimed += batch
    return claimed / (time.monotonic() - began)
