"""Use cases of the device authorization grant (RFC 8628): a device shows a code, and its user signs in elsewhere."""

from typing import Final

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.auth.tokens.opaque_token import RowToken, RowTokenCodec
from doorward.domain.oauth.authorization_events import (
    ConsentGranted,
    DeviceAnswered,
    DeviceAuthorizationBegun,
    UserCodeRefused,
)
from doorward.domain.oauth.device_models import (
    DEVICE_CODE_LIFETIME,
    FIRST_INTERVAL,
    DecidedDevice,
    DeviceAuthorization,
    DeviceStatus,
    NewDevice,
    WaitingDevice,
)
from doorward.domain.oauth.exceptions import GrantNotAllowedError
from doorward.domain.oauth.models import ClientId, OAuthClient, ResourceContent
from doorward.domain.oauth.policy import DEVICE_CODE
from doorward.domain.oauth.repositories import Connection, consents, devices
from doorward.domain.oauth.token_policy import Audiences, grantable_user_scopes
from doorward.domain.oauth.user_code import UserCodeMacs, new_user_code, read_user_code, shown
from doorward.observability.logging import report

MAXIMUM_CODES_TRIED: Final = 5
"""Maximum number of codes to try. A code that is in use is rare: there are 25,600,000,000 codes."""


class Devices:
    """Stores pending devices, and the decisions of users about them."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        codec: RowTokenCodec,
        macs: UserCodeMacs,
        audiences: Audiences,
    ) -> None:
        self._database = database
        self._clock = clock
        self._codec = codec
        self._macs = macs
        self._audiences = audiences

    async def begin(
        self, client: OAuthClient, *, scope: str, identifier: str | None, resource: ResourceContent | None
    ) -> DeviceAuthorization:
        """Store a pending device; return the user code that it shows and the device code that it polls with.

        ``resource`` is the stored resource of the identifier. Raises ``GrantNotAllowedError``, ``InvalidTargetError``,
        ``ScopesNotAllowedError`` if the client may have none of the requested scopes, and ``ServiceUnavailableError``
        if all codes that were tried are in use, or the client was disabled meanwhile.
        """
        if DEVICE_CODE not in client.grant_types:
            raise GrantNotAllowedError
        scopes = grantable_user_scopes(client, identifier, resource, scope, self._audiences)
        token, user_code = RowToken.new(), new_user_code()
        async with self._database.connection() as connection:
            for _ in range(MAXIMUM_CODES_TRIED):
                device = NewDevice(
                    id=token.id,
                    secret_hash=token.secret_hash,
                    client_id=client.client_id,
                    user_code_hmac=self._macs.of_new(user_code),
                    scopes=sorted(scopes),
                    resource=None if identifier == self._audiences.issuer else identifier,
                    interval_seconds=int(FIRST_INTERVAL.total_seconds()),
                    expires_at=self._clock.now() + DEVICE_CODE_LIFETIME,
                )
                if await devices.add_device(connection, device):
                    break
                user_code = new_user_code()
            else:
                raise ServiceUnavailableError
        report(DeviceAuthorizationBegun(client_id=client.client_id))
        return DeviceAuthorization(self._codec.encode(token), shown(user_code))

    async def find(self, typed: str) -> WaitingDevice | None:
        """Return the pending device that shows this code. Nothing is stored."""
        user_code = read_user_code(typed)
        if user_code is None:
            report(UserCodeRefused())
            return None
        async with self._database.connection() as connection:
            device = await devices.find_waiting_device(
                connection, self._macs.of_typed(user_code), now=self._clock.now()
            )
        if device is None:
            report(UserCodeRefused())
        return device

    async def approve(self, typed: str, session: BrowserSession) -> DecidedDevice | None:
        """Approve a device and store the user's consent, committed when this returns.

        Return None if the device is not pending any more, its client is disabled, or the browser session has ended
        meanwhile.
        """
        user_code, now = read_user_code(typed), self._clock.now()
        if user_code is None:
            return None
        hmacs, status, events = self._macs.of_typed(user_code), DeviceStatus.APPROVED, []
        async with self._database.transaction() as connection:
            device = await devices.update_decision(connection, hmacs, session, status=status, now=now)
            if device is not None:
                granted = await consents.lock_granted_scopes(connection, session.user_id, device.client_id)
                if not set(device.scopes) <= set(granted):
                    await consents.add_consent(connection, session.user_id, device.client_id, device.scopes, now=now)
                    client_id = ClientId(device.client_id)
                    event = ConsentGranted(user_id=session.user_id, session_id=session.id, client_id=client_id)
                    await record(connection, event)
                    events.append(event)
        for event in events:
            report(event)
        return self._answered(device, status)

    async def deny(self, typed: str, session: BrowserSession) -> DecidedDevice | None:
        """Deny a device; it gets the refusal with its next poll. Return None as ``approve`` does."""
        user_code, status = read_user_code(typed), DeviceStatus.DENIED
        if user_code is None:
            return None
        async with self._database.connection() as connection:
            device = await devices.update_decision(
                connection, self._macs.of_typed(user_code), session, status=status, now=self._clock.now()
            )
        return self._answered(device, status)

    def _answered(self, device: DecidedDevice | None, status: DeviceStatus) -> DecidedDevice | None:
        if device is not None:
            is_approved = status is DeviceStatus.APPROVED
            report(DeviceAnswered(client_id=device.client_id, decision="approved" if is_approved else "denied"))
        return device
