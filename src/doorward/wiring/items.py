"""Build the use cases of items from the settings."""

from datetime import timedelta

from doorward.core.pages import CursorCodec
from doorward.core.ports import Clock
from doorward.domain.items.importing import ItemImport
from doorward.domain.items.personal_data import ItemData
from doorward.domain.items.reindexing import Reindexing
from doorward.domain.items.service import Items
from doorward.infrastructure.keys import cursor_purpose
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.postgres.shares import SharedDatabase
from doorward.infrastructure.scheduler import Task
from doorward.settings.background import BackgroundSettings
from doorward.settings.config import Settings
from doorward.wiring.keys import keys


def create_items(settings: Settings, database: SharedDatabase, clock: Clock) -> Items:
    """Return the use cases of single items and lists."""
    cursors = CursorCodec(*keys(settings.keys, cursor_purpose("items")))
    return Items(database=database, clock=clock, cursors=cursors, quota=settings.limits.quota_per_owner)


def create_item_import(settings: Settings, database: SharedDatabase, clock: Clock) -> ItemImport:
    """Return the use case that imports files over HTTP."""
    return ItemImport(database=database, clock=clock, quota=settings.limits.quota_per_owner)


def items_indexing_task(settings: BackgroundSettings, database: PostgresDatabase, _: Clock) -> Task:
    """Return the task that indexes items that were stored without an index."""
    interval = timedelta(minutes=settings.housekeeping_interval_minutes)
    return Task("index_items", interval, Reindexing(database=database).run)


def items_data() -> ItemData:
    """Return the personal data in items."""
    return ItemData()
