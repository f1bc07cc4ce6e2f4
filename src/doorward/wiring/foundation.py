"""The objects that the use cases of all domains share."""

from doorward.core.frozen import frozen
from doorward.core.ports import Clock
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.infrastructure.passwords import BcryptHasher
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import Settings


@frozen
class Foundation:
    """The settings, and the objects of which a process has one each."""

    settings: Settings
    database: PostgresDatabase
    hasher: BcryptHasher
    clock: Clock
    mails: MailQueue
