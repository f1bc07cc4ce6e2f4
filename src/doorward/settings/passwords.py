"""Settings of password hashes."""

from typing import Final

from pydantic import Field, ValidationInfo, field_validator

from doorward.settings.topic import Topic, is_development

MINIMUM_PRODUCTION_BCRYPT_ROUNDS: Final = 10


class PasswordSettings(Topic):
    """How passwords are hashed, and how many hashes one client may ask for at a time."""

    bcrypt_rounds: int = Field(12, ge=4, le=16, examples=["12"])
    """Cost of a password hash, as a power of two."""

    password_hashes_per_address: int = Field(50, ge=1, le=10_000, examples=["50"])
    """Logins and registrations of one client address that may wait for a processor at a time, in each worker; 429
    above."""

    @field_validator("bcrypt_rounds")
    @classmethod
    def _costly_enough(cls, value: int, info: ValidationInfo) -> int:
        if not is_development(info) and value < MINIMUM_PRODUCTION_BCRYPT_ROUNDS:
            raise ValueError(f"must be at least {MINIMUM_PRODUCTION_BCRYPT_ROUNDS} in production")
        return value
