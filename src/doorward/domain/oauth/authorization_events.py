"""The events of signing in to applications: consents, requests, codes and devices."""

from typing import Final, Literal

from doorward.core.events import AuditedEvent, Counter, Event
from doorward.core.frozen import frozen
from doorward.domain.oauth.models import ClientId

CODES: Final = Counter("doorward_authorization_codes_total", "Authorization codes and what became of them", "outcome")

DEVICES: Final = Counter("doorward_device_authorizations_total", "Devices that people sign in to elsewhere", "outcome")

RefusedCode = Literal[
    "malformed", "unknown", "replayed", "expired", "client", "redirect_uri", "verifier", "resource", "key", "account"
]


@frozen(slots=False)
class ConsentGranted(AuditedEvent):
    """A user agreed to what an application may do."""

    type = log_event = "consent.granted"
    outcome = "success"
    client_id: ClientId


@frozen(slots=False)
class ConsentRevoked(AuditedEvent):
    """A user revoked the consent for an application. `count` sessions of the user with it ended."""

    type = log_event = "consent.revoked"
    outcome = "success"
    client_id: ClientId
    count: int


@frozen(slots=False)
class AuthorizationPushed(Event):
    """An application pushed an authorization request (RFC 9126)."""

    log_event = "authorization.pushed"
    outcome = "success"
    counted = ((CODES, "pushed"),)
    client_id: str


@frozen(slots=False)
class CodeIssued(Event):
    """An application got an authorization code for a user."""

    log_event = "authorization.code_issued"
    outcome = "success"
    counted = ((CODES, "issued"),)
    client_id: str


@frozen(slots=False)
class CodeRedeemed(Event):
    """An application exchanged its code, and a session of it began."""

    log_event = "authorization.code_redeemed"
    outcome = "success"
    counted = ((CODES, "redeemed"),)
    client_id: str


@frozen(slots=False)
class CodeRefused(Event):
    """A code was refused with `invalid_grant`. `reason` is not sent to the application.

    `replayed`: the code had been used before, and the session that it began has ended.
    """

    log_event = "authorization.code_refused"
    level = "warning"
    outcome = "failure"
    counted = ((CODES, "refused"),)
    client_id: str
    reason: RefusedCode


@frozen(slots=False)
class AuthorizationRefused(Event):
    """An application was sent an error instead of a code (RFC 6749 section 4.1.2.1)."""

    log_event = "authorization.refused"
    outcome = "failure"
    counted = ((CODES, "denied"),)
    client_id: str
    reason: str


@frozen(slots=False)
class DeviceAuthorizationBegun(Event):
    """A device shows a code, and waits for a person to sign in elsewhere (RFC 8628)."""

    log_event = "device.authorization_begun"
    outcome = "success"
    counted = ((DEVICES, "begun"),)
    client_id: str


@frozen(slots=False)
class DeviceAnswered(Event):
    """A user decided about a device."""

    log_event = "device.answered"
    outcome = "success"
    counted = ((DEVICES, "answered"),)
    client_id: str
    decision: Literal["approved", "denied"]


@frozen(slots=False)
class UserCodeRefused(Event):
    """A signed-in user typed a code that no device shows."""

    log_event = "device.user_code_refused"
    level = "warning"
    outcome = "failure"
    counted = ((DEVICES, "wrong_code"),)


@frozen(slots=False)
class DeviceCodeRedeemed(Event):
    """A device got its tokens, and a session of it began."""

    log_event = "device.code_redeemed"
    outcome = "success"
    counted = ((DEVICES, "redeemed"),)
    client_id: str


@frozen(slots=False)
class DeviceCodeRefused(Event):
    """A device gets no tokens, and should stop polling. `reason` is the error that it was sent."""

    log_event = "device.code_refused"
    outcome = "failure"
    counted = ((DEVICES, "refused"),)
    client_id: str
    reason: str


@frozen(slots=False)
class OriginsNotRead(Event):
    """The redirect URIs of clients could not be read for a CORS request: the ones that were read last stay in use."""

    log_event = "client.origins_not_read"
    level = "warning"
    outcome = "failure"
