"""Derive the keys of each purpose from the secrets in the settings, and build the ring of asymmetric signing keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from doorward.api.administration_services import KeyServices
from doorward.core.frozen import frozen
from doorward.core.ports import Clock
from doorward.domain.administration.keys import AdministeredKeys
from doorward.domain.keys.changes import KeyChanges
from doorward.domain.keys.ports import KeyMaker
from doorward.domain.keys.publishing import PublishedKeys
from doorward.infrastructure.access_tokens import Provider
from doorward.infrastructure.key_ring import RING_TIMES, KeyRings, RingTimes
from doorward.infrastructure.keys import SEALING_PURPOSE, derive_key
from doorward.infrastructure.postgres.database import PostgresDatabase, session_conninfo
from doorward.infrastructure.scheduler import Task, TaskRunner
from doorward.settings.config import Settings
from doorward.settings.keys import KeySettings
from doorward.wiring.housekeeping import clock_checked_task

SEALING_KEY_BYTES: Final = 32
"""Key size of AES-256."""

SIGNING_KEYS: Final = "signing_keys"
"""Name of the task that rotates the keys on schedule. A start that creates the first keys takes its lock, too."""


def keys(settings: KeySettings, purpose: bytes) -> tuple[bytes, bytes | None]:
    """Return the key of this purpose, and the one derived from SECRET_KEY_PREVIOUS, or None if that is unset."""
    previous = settings.secret_key_previous
    return (
        derive_key(settings.secret_key.get_secret_value().encode(), purpose),
        None if previous is None else derive_key(previous.get_secret_value().encode(), purpose),
    )


def sealing_keys(settings: KeySettings) -> list[bytes]:
    """Return the keys of stored secrets; the first one encrypts, all decrypt.

    The keys of SECRET_KEY and SECRET_KEY_PREVIOUS come last even if ENCRYPTION_KEYS is set, so that secrets stored
    before it was set stay readable.
    """
    return [key[:SEALING_KEY_BYTES] for key in keys_of_stored_secrets(settings, SEALING_PURPOSE)]


def keys_of_stored_secrets(settings: KeySettings, purpose: bytes) -> list[bytes]:
    """Return the keys of this purpose for data that is stored for years; the first one is for new data."""
    roots = (*settings.encryption_keys, settings.secret_key, settings.secret_key_previous)
    secrets = [each.get_secret_value().encode() for each in roots if each is not None]
    return [derive_key(secret, purpose) for secret in dict.fromkeys(secrets)]


@frozen
class KeyRingOptions:
    """The maker of signing keys (None: the default one), and the times at which the ring reads the keys."""

    maker: KeyMaker | None = None
    times: RingTimes = RING_TIMES


KEY_RING_OPTIONS: Final = KeyRingOptions()


@frozen
class SigningKeys:
    """The key ring of one process, and the use cases that change the keys of all processes."""

    rings: KeyRings
    changes: KeyChanges
    provider: Provider
    making: TaskRunner

    async def open(self) -> None:
        """Read the keys, and create the first ones if there are none.

        Raises ``SigningKeysUnreadableError``, ``ServiceUnavailableError``, ``psycopg.Error``.
        """
        await self.rings.open(lambda: self.making.run(only_if_due=False))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the keys, and read them again at intervals within the block. Raises as ``open`` does."""
        await self.open()
        async with self.rings.running():
            yield


def check_signing_keys(settings: Settings) -> None:
    """Check that the extra ``doorward[oauth]`` is installed if the provider is on. Raises ``ImportError``."""
    if settings.browsers.provider_issuer is not None:
        import doorward.infrastructure.sealing  # noqa: PLC0415 - an extra
        import doorward.infrastructure.signing_keys  # noqa: F401, PLC0415 - an extra


def create_signing_keys(
    settings: Settings, database: PostgresDatabase, clock: Clock, options: KeyRingOptions = KEY_RING_OPTIONS
) -> SigningKeys | None:
    """Return the asymmetric signing keys, whose tokens other services verify; None if the OpenID provider is off.

    Raises ``ImportError`` without the extra ``doorward[oauth]``.
    """
    issuer = settings.browsers.provider_issuer
    if issuer is None:
        return None
    from doorward.infrastructure.sealing import AesGcmSealer  # noqa: PLC0415 - an extra
    from doorward.infrastructure.signing_keys import open_key  # noqa: PLC0415 - an extra

    sealer = AesGcmSealer(sealing_keys(settings.keys))
    rings = KeyRings(
        published=PublishedKeys(database=database, clock=clock),
        open_key=partial(open_key, sealer=sealer),
        clock=clock,
        times=options.times,
    )
    changes = create_key_changes(settings, database, clock, maker=options.maker)
    lifetime = timedelta(minutes=settings.tokens.client_token_expire_minutes)
    first_keys = Task(SIGNING_KEYS, timedelta(), changes.begin)
    making = TaskRunner(session_conninfo(settings.database, database.timeouts), first_keys, database.timeouts)
    return SigningKeys(rings, changes, Provider(rings, issuer, lifetime), making)


def create_key_services(signing_keys: SigningKeys | None, clock: Clock) -> KeyServices | None:
    """Return the API's services for signing keys; None if the OpenID provider is off."""
    if signing_keys is None:
        return None
    rings, changes = signing_keys.rings, signing_keys.changes
    administration = AdministeredKeys(changes=changes, clock=clock, changed=rings.reread)
    return KeyServices(key_set=lambda: rings.current, administration=administration)


def create_key_changes(
    settings: Settings, database: PostgresDatabase, clock: Clock, *, maker: KeyMaker | None = None
) -> KeyChanges:
    """Return the use cases that change signing keys. Raises ``ImportError`` without the extra ``doorward[oauth]``."""
    from doorward.infrastructure.sealing import AesGcmSealer  # noqa: PLC0415 - an extra
    from doorward.infrastructure.signing_keys import SigningKeyMaker  # noqa: PLC0415 - an extra

    return KeyChanges(
        database=database,
        clock=clock,
        sealer=AesGcmSealer(sealing_keys(settings.keys)),
        maker=maker or SigningKeyMaker(),
        kept_after_unlisting=timedelta(days=settings.tokens.session_max_days),
    )


def signing_keys_tasks(settings: Settings, database: PostgresDatabase, clock: Clock) -> list[Task]:
    """Return the task that rotates the signing keys on schedule, or no task if the OpenID provider is off.

    It changes nothing while the clocks differ by too much: keys would be activated and removed too early.
    """
    if settings.browsers.provider_issuer is None:
        return []
    changes = create_key_changes(settings, database, clock)
    return [clock_checked_task(SIGNING_KEYS, changes.maintain, settings.background, database)]
