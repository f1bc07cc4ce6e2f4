"""Copies of the service that share a database, a clock and signing keys."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import jwt

from doorward.infrastructure.key_ring import RingTimes
from doorward.wiring.keys import KeyRingOptions
from tests.integration.administration.administrator import ADMIN
from tests.integration.quick_ring import QuickKeyMaker
from tests.integration.service import PARTS, MakeService, Service

KEYS: Final = f"{ADMIN}/keys"
PUBLIC_URL: Final = "https://auth.example.com"
SOON: Final = RingTimes(reread=0.05, minimum_refresh_interval=0.05)
NEVER: Final = RingTimes(reread=3600.0, minimum_refresh_interval=3600.0)


async def make_copy(
    make_service: MakeService, database_url: str, times: RingTimes = SOON, **changes: object
) -> Service:
    """Return a copy that reads the keys at these intervals."""
    settings: dict[str, object] = {"database_url": database_url, "public_url": PUBLIC_URL, "algorithm": "ES256"}
    return await make_service(
        replace(PARTS, key_ring_options=KeyRingOptions(QuickKeyMaker(), times)), **{**settings, **changes}
    )


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def published(service: Service) -> list[str]:
    """Return the ids of the published keys."""
    return [key["kid"] for key in (await service.client.get("/oauth/jwks")).json()["keys"]]


def rows(service: Service) -> Sequence[dict[str, Any]]:
    return service.sql("SELECT * FROM signing_keys ORDER BY created_at, kid")


def audited(service: Service) -> list[dict[str, Any]]:
    return service.sql("SELECT type, actor, data FROM audit_events WHERE type LIKE 'key.%%' ORDER BY id")
