"""Example to copy: pass doorward's events to a background job of Celery. It uses rabbitmq_consumer.py.

    celery -A examples.celery_job worker
    python -m examples.celery_job

The consumer keeps the order and skips duplicates. The job may still run twice, as any Celery job that is acknowledged
late, so it must be idempotent.
"""

import asyncio
import os
from typing import Any, Final

from celery import Celery
from celery.exceptions import OperationalError

from examples.rabbitmq_consumer import Connection, TryLaterError, consume

app: Final = Celery("shop", broker=os.environ.get("CELERY_BROKER_URL", "memory://"))
app.conf.task_acks_late = True
app.conf.task_reject_on_worker_lost = True

closed: Final[set[str]] = set()
"""Stands for the application's data: the users whose carts were closed."""


@app.task(name="shop.close_cart", autoretry_for=(OSError,), retry_backoff=True, max_retries=10)  # type: ignore[untyped-decorator]
def close_cart(user_id: str) -> None:
    """Close the cart of a deleted user. Idempotent."""
    closed.add(user_id)


async def enqueue(_: Connection, event: dict[str, Any]) -> None:
    """Pass the event to the job.

    If Celery's broker is down, the event stays in the queue, because its id is not stored.
    """
    try:
        await asyncio.to_thread(close_cart.apply_async, [event["data"]["user_id"]], task_id=event["id"])
    except OperationalError as error:
        raise TryLaterError from error


if __name__ == "__main__":
    asyncio.run(
        consume(
            os.environ["RABBITMQ_URL"],
            os.environ["DATABASE_URL"],
            name="closed_carts",
            types=["user.deleted"],
            handle=enqueue,
        )
    )
