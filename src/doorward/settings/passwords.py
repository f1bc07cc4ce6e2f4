"""Settings of passwords: the checks of new passwords, and their hashing."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from doorward.settings.topic import Topic, is_development
from doorward.settings.web_addresses import check_web_address, is_loopback

MINIMUM_PRODUCTION_BCRYPT_ROUNDS: Final = 10


class PasswordSettings(Topic):
    """The checks of new passwords, the cost of hashes, and how many hashes one client may request at the same time."""

    bcrypt_rounds: int = Field(12, ge=4, le=16, examples=["12"])
    """Cost of a password hash, as a power of two."""

    password_hashes_per_address: int = Field(50, ge=1, le=10_000, examples=["50"])
    """Maximum number of logins and registrations per client address that wait for a processor in each worker; further
    ones get 429."""

    password_breaches: Literal["off", "file", "hibp"] = Field("off", examples=["hibp"])
    """Whether new passwords are compared with passwords that leaked from other services. The built-in list of common
    passwords is always used. `off`: no further check. `file`: look up `PASSWORD_BREACHES_LIST`. `hibp`: query
    `PASSWORD_BREACHES_URL` with five characters of the password's SHA-1."""

    password_breaches_list: Path | None = Field(None, examples=["/var/lib/doorward/pwned-passwords.txt"])
    """For `PASSWORD_BREACHES=file`: a text file of SHA-1 digests in hexadecimal, one per line in ascending order, each
    optionally followed by a colon and a count."""

    password_breaches_url: Annotated[str, AfterValidator(check_web_address)] = Field(
        "https://api.pwnedpasswords.com", examples=["https://pwned.example.com"]
    )
    """For `PASSWORD_BREACHES=hibp`: a server with the range API of Have I Been Pwned. `http://` is accepted only on
    this machine or in development."""

    password_breaches_failure: Literal["open", "closed"] = Field("open", examples=["closed"])
    """What happens to a new password that cannot be checked, because the file or the server is unavailable. `open`: it
    is accepted, and counted. `closed`: it is refused with 503."""

    @field_validator("bcrypt_rounds")
    @classmethod
    def _costly_enough(cls, value: int, info: ValidationInfo) -> int:
        if not is_development(info) and value < MINIMUM_PRODUCTION_BCRYPT_ROUNDS:
            raise ValueError(f"must be at least {MINIMUM_PRODUCTION_BCRYPT_ROUNDS} in production")
        return value

    @field_validator("password_breaches_url")
    @classmethod
    def _encrypted_beyond_this_machine(cls, value: str, info: ValidationInfo) -> str:
        if value.startswith("http:") and not is_loopback(value) and not is_development(info):
            raise ValueError("must begin with https:// unless it is this machine: the answers could be altered")
        return value

    @model_validator(mode="after")
    def _file_is_named(self) -> Self:
        if self.password_breaches == "file" and self.password_breaches_list is None:  # noqa: S105 - a mode, no secret
            raise ValueError("PASSWORD_BREACHES=file needs PASSWORD_BREACHES_LIST: the path of the file")
        return self
