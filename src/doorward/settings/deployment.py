"""Settings of the environment that the service runs in, and of the store that may hold the other settings."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from doorward.settings.topic import Topic
from doorward.settings.web_addresses import check_contact


class DeploymentSettings(Topic):
    """Where the service runs, and its contact. Production is strict about secrets and the cost of hashes."""

    environment: Literal["production", "development"] = Field("production", examples=["production"])
    """`development` relaxes the checks on secrets and colours the log."""

    security_contact: Annotated[str, AfterValidator(check_contact)] | None = Field(
        None, examples=["mailto:security@example.com"]
    )
    """Where people report a weakness of this service: a `mailto:` or `https:` address, which
    `/.well-known/security.txt` (RFC 9116) tells. Unset: that address is 404."""

    aws_secrets_manager_secret_name: str | None = Field(None, min_length=1, examples=["doorward/production"])
    """A secret of AWS Secrets Manager (extra `doorward[aws]`) whose JSON object holds settings by name. They win over
    all others; when the store does not yield them, nothing starts."""

    aws_region: str | None = Field(None, min_length=1, examples=["eu-central-1"])
    """The region of that secret, unless AWS's own profile names one."""
