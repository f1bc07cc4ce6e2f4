"""Read settings from AWS Secrets Manager: one secret that holds a JSON object of settings.

Uses the settings source of pydantic-settings.
"""

import json
from collections.abc import Collection
from typing import Any, Final

from pydantic import create_model

from doorward.core.frozen import frozen

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 5.0
ATTEMPTS: Final = 2
"""boto3's defaults, a minute for each of several attempts, would delay the start for too long."""

REMEDY: Final = "Correct AWS_SECRETS_MANAGER_SECRET_NAME, AWS_REGION or the credentials, or unset the name"


class SecretStoreError(Exception):
    """The settings could not be read from the store. The message is one sentence and contains no value."""


@frozen
class StoredSettings:
    """The content of a secret: the values of settings, and all names in the JSON object."""

    values: dict[str, Any]
    names: tuple[str, ...]


def _source(names: Collection[str], name: str, region: str | None) -> Any:  # noqa: ANN401 - its type is imported later
    """Return the library's settings source. It takes the names of settings from a model that is never validated."""
    from pydantic_settings import AWSSecretsManagerSettingsSource, BaseSettings  # noqa: PLC0415 - it takes long

    texts: Any = dict.fromkeys(names, (str | None, None))
    model = create_model("NamedTexts", __base__=BaseSettings, **texts)
    return AWSSecretsManagerSettingsSource(model, name, region_name=region, case_sensitive=False)


def read_aws_secret(
    names: Collection[str], *, name: str, region: str | None, read_seconds: float = READ_SECONDS
) -> StoredSettings:
    """Return the settings in the secret of this name. Keys are case-insensitive; an empty value counts as unset.

    Credentials are found as by AWS's own tools. Waits for about 15 seconds at most. Raises ``SecretStoreError``.
    """
    try:
        import boto3  # noqa: PLC0415 - an extra, and importing it takes long
        from botocore.config import Config  # noqa: PLC0415 - as boto3
        from botocore.exceptions import BotoCoreError, ClientError, NoRegionError  # noqa: PLC0415 - as boto3
        from botocore.session import get_session  # noqa: PLC0415 - as boto3
    except ImportError as error:
        raise SecretStoreError(
            "AWS_SECRETS_MANAGER_SECRET_NAME needs a package that is not installed. Install doorward[aws], or unset it"
        ) from error
    try:
        session = get_session()
        session.set_default_client_config(
            Config(connect_timeout=CONNECT_SECONDS, read_timeout=read_seconds, retries={"total_max_attempts": ATTEMPTS})
        )
        # The source gets its client from boto3's default session, and has no parameter for timeouts.
        boto3.setup_default_session(botocore_session=session)
        source = _source(names, name, region)
    except NoRegionError:
        raise SecretStoreError("AWS_REGION is missing. Example: eu-central-1") from None
    except (BotoCoreError, ClientError) as error:
        cause = str(error).splitlines()[0].rstrip(".: ")
        raise SecretStoreError(f"AWS Secrets Manager cannot be used: {cause}. {REMEDY}") from None
    except (json.JSONDecodeError, KeyError, AttributeError, TypeError):
        raise SecretStoreError(
            'The secret that AWS_SECRETS_MANAGER_SECRET_NAME names is not a JSON object. Example: {"SECRET_KEY": "..."}'
        ) from None
    except ValueError:
        raise SecretStoreError(
            "AWS Secrets Manager cannot be used: one of AWS's own variables is malformed. Example: "
            "AWS_ENDPOINT_URL=https://secretsmanager.eu-central-1.amazonaws.com"
        ) from None
    values = {each: value for each, value in source().items() if value != "" and each in names}
    return StoredSettings(values=values, names=tuple(source.env_vars))
