"""Build the throttling of login attempts, and the task that removes old counters, from the settings."""

from doorward.core.ports import Clock, Database
from doorward.domain.auth.login.throttle_retention import ThrottleRetention
from doorward.domain.auth.login.throttling import Throttling
from doorward.domain.auth.repositories import Connection
from doorward.infrastructure.keys import THROTTLE_PURPOSE
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.scheduler import Task
from doorward.settings.background import BackgroundSettings
from doorward.settings.keys import KeySettings
from doorward.wiring.housekeeping import clock_checked_task
from doorward.wiring.keys import keys


def create_throttling(settings: KeySettings, database: Database[Connection]) -> Throttling:
    """Return the throttling of login attempts. A change of SECRET_KEY resets it: rows of the old key are not found."""
    key, _ = keys(settings, THROTTLE_PURPOSE)
    return Throttling(database=database, key=key)


def throttle_retention_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes unused throttles and devices: none while the clocks differ by too much."""
    retention = ThrottleRetention(database=database, clock=clock)
    return clock_checked_task("forget_logins", retention.prune, settings, database)
