"""Settings of the deployment: environment, security contact, and the secret store that may hold the other settings."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from doorward.settings.topic import Topic
from doorward.settings.web_addresses import check_contact


class DeploymentSettings(Topic):
    """The environment, and the security contact. Production is strict about secrets and the cost of hashes."""

    environment: Literal["production", "development"] = Field("production", examples=["production"])
    """`development` relaxes the checks on secrets and colours the log."""

    security_contact: Annotated[str, AfterValidator(check_contact)] | None = Field(
        None, examples=["mailto:security@example.com"]
    )
    """Where people can report a vulnerability of this service: a `mailto:` or `https:` address, published in
    `/.well-known/security.txt` (RFC 9116). Unset: that path answers 404."""

    aws_secrets_manager_secret_name: str | None = Field(None, min_length=1, examples=["doorward/production"])
    """A secret of AWS Secrets Manager (extra `doorward[aws]`): a JSON object of settings by name. They override all
    other sources. If they cannot be read, the service does not start."""

    aws_region: str | None = Field(None, min_length=1, examples=["eu-central-1"])
    """The region of that secret, unless the AWS profile names one."""
