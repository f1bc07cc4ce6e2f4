"""The retention of failed attempts and of devices."""

from datetime import timedelta

from doorward.domain.auth.login.throttle_retention import ThrottleRetention
from tests.integration.service import Service

THROTTLES = "INSERT INTO login_throttles VALUES (%s, 'strangers', %s, now(), now() - %s::interval)"


async def test_few_failures_are_removed_after_a_day_and_many_after_thirty(service_alone: Service) -> None:
    rows = {1: (19, "23 hours"), 2: (19, "25 hours"), 3: (20, "29 days"), 4: (20, "31 days"), 5: (100, "31 days")}
    for bucket, (failures, age) in rows.items():
        service_alone.sql(THROTTLES, bucket, failures, age)
    retention = ThrottleRetention(database=service_alone.database, clock=service_alone.clock, rows_per_batch=2)
    assert await retention.prune() == 3
    assert [row["bucket"] for row in service_alone.sql("SELECT bucket FROM login_throttles ORDER BY 1")] == [1, 3]


async def test_wrong_codes_are_removed_after_a_day_only_below_the_free_attempts(service_alone: Service) -> None:
    rows = {1: (4, "23 hours"), 2: (4, "25 hours"), 3: (5, "25 hours"), 4: (5, "31 days")}
    for bucket, (failures, age) in rows.items():
        client = b"second_factor\0" + bytes(16)
        service_alone.sql(
            "INSERT INTO login_throttles VALUES (%s, %s, %s, now(), now() - %s::interval)",
            bucket,
            client,
            failures,
            age,
        )
    assert await ThrottleRetention(database=service_alone.database, clock=service_alone.clock).prune() == 2
    assert [row["bucket"] for row in service_alone.sql("SELECT bucket FROM login_throttles ORDER BY 1")] == [1, 3]


async def test_a_device_is_removed_half_a_year_after_its_last_use(service_alone: Service) -> None:
    person = await service_alone.register()
    await service_alone.log_in(person)
    service_alone.clock.advance(timedelta(days=10))
    await service_alone.log_in(person)
    retention = ThrottleRetention(database=service_alone.database, clock=service_alone.clock, rows_per_batch=1)
    service_alone.clock.advance(timedelta(days=170))
    assert await retention.prune() == 0
    service_alone.clock.advance(timedelta(seconds=1))
    assert await retention.prune() == 1
    assert len(service_alone.sql("SELECT id FROM devices")) == 1
