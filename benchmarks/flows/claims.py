"""Claims of the outbox: how many messages a second one process claims, with few and with many waiting."""

import time
from datetime import timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from benchmarks.samples import Sample, Series
from doorward.domain.outbox.mail import MAIL_CHANNEL
from doorward.domain.outbox.repository import claim_messages

WAITING: Final = (0, 100_000)
"""How many due messages there are besides those that are claimed."""

BATCHES: Final = (5, 100)
"""Messages of one claim: as many as delivery tries at a time, and as many as one statement may lock."""

CLAIMED: Final = 2_000
LEASE: Final = timedelta(hours=1)
_PAYLOAD_BYTES: Final = 200


def name_of(waiting: int, batch: int) -> str:
    """Return the name of a series."""
    return f"claims of {batch}, {waiting:,} waiting"


async def measure_claims(url: str, rounds: int, series: Series) -> None:
    """Claim messages in turns of all sizes."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        for _ in range(rounds):
            for waiting in WAITING:
                for batch in BATCHES:
                    series.add(name_of(waiting, batch), Sample(await _claims_per_second(connection, waiting, batch)))
        await connection.execute("TRUNCATE outbox")


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
