"""/.well-known/security.txt: where to report a vulnerability of this service (RFC 9116)."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

from fastapi.responses import PlainTextResponse

from doorward.api.policy import PUBLIC, Cache, RoutePolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices

PATH: Final = "/.well-known/security.txt"
POLICY: Final = RoutePolicy(PUBLIC, cache=Cache.PUBLIC_DAY)
VALID_DAYS: Final = 90
"""RFC 9116 section 2.5.5 recommends less than a year."""


def calls(contact: str | None, public_url: str | None) -> Sequence[Call]:
    """Return the route; none without a contact, so that the address answers 404."""
    if contact is None:
        return []

    async def security_contact(services: CurrentServices) -> PlainTextResponse:
        """Return the security contact. Raises ``ServiceUnavailableError`` while the time is unknown."""
        return PlainTextResponse(security_text(contact, public_url, services.edge.clock.now()))

    return [Call("GET", PATH, security_contact, POLICY)]


def security_text(contact: str, public_url: str | None, now: datetime) -> str:
    """Return the content of the file. It expires ``VALID_DAYS`` after the beginning of the current day (UTC)."""
    expires_at = datetime.combine(now.date(), time(tzinfo=UTC)) + timedelta(days=VALID_DAYS)
    lines = [f"Contact: {contact}", f"Expires: {expires_at:%Y-%m-%dT%H:%M:%SZ}"]
    if public_url is not None:
        lines.append(f"Canonical: {public_url}{PATH}")
    return "\n".join([*lines, ""])
