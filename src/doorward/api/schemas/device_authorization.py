"""Bodies of device authorization (RFC 8628)."""

from typing import Self

from pydantic import BaseModel, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.schemas.oauth import ClientForm
from doorward.domain.oauth.device_models import DEVICE_CODE_LIFETIME, FIRST_INTERVAL, DeviceAuthorization


class DeviceAuthorizationForm(ClientForm):
    """RFC 8628 section 3.1, RFC 8707 section 2. Other parameters are ignored."""

    scope: str = Field(
        "", max_length=MAXIMUM_FIELD_LENGTH, description="Separated by spaces; absent or empty for all allowed scopes."
    )
    resource: str | None = Field(
        None, max_length=MAXIMUM_FIELD_LENGTH, description="The audience of the token (RFC 8707)."
    )


class DeviceAuthorizationResponse(BaseModel):
    """RFC 8628 section 3.2. Times are in seconds."""

    device_code: str = Field(examples=["dwv_..."])
    user_code: str = Field(examples=["BCDF-GHJK"])
    verification_uri: str = Field(examples=["https://auth.example.com/account/device"])
    verification_uri_complete: str = Field(examples=["https://auth.example.com/account/device?user_code=BCDF-GHJK"])
    expires_in: int = Field(examples=[600])
    interval: int = Field(examples=[5])

    @classmethod
    def of(cls, begun: DeviceAuthorization, page: str) -> Self:
        """Return the body; ``page`` is the URL where users enter the code."""
        return cls(
            device_code=begun.device_code,
            user_code=begun.user_code,
            verification_uri=page,
            verification_uri_complete=f"{page}?user_code={begun.user_code}",
            expires_in=int(DEVICE_CODE_LIFETIME.total_seconds()),
            interval=int(FIRST_INTERVAL.total_seconds()),
        )
