"""Settings of the secrets from which keys are derived."""

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from doorward.settings.published_secrets import DEVELOPMENT_SECRET_KEY, OUTPUT_OF_GENERATOR, PREVIOUS_VALUE
from doorward.settings.secret_strength import problem_with_secret_key
from doorward.settings.topic import Topic, is_development, split_list


class KeySettings(Topic):
    """The secrets from which keys are derived, for signing and for encrypting stored secrets."""

    secret_key: SecretStr = Field(SecretStr(""), examples=[OUTPUT_OF_GENERATOR])
    """The secret from which all keys are derived; at least 32 random bytes. A change signs all users out, unless the
    old value is set as `SECRET_KEY_PREVIOUS`. `inv up` generates one; the example shows how to generate one by hand. In
    development a built-in one is used if it is unset."""

    secret_key_previous: SecretStr | None = Field(None, examples=[PREVIOUS_VALUE])
    """The old `SECRET_KEY`, after a change: its tokens are still accepted, but no new ones are issued with it."""

    encryption_keys: Annotated[tuple[SecretStr, ...], split_list] = Field(
        (),
        examples=[OUTPUT_OF_GENERATOR],
    )
    """Secrets from which the keys that encrypt stored secrets are derived, separated by commas, each as strong as
    `SECRET_KEY`. The first encrypts, all decrypt; `SECRET_KEY` and `SECRET_KEY_PREVIOUS` decrypt, too. Unset:
    `SECRET_KEY` encrypts. After setting or changing it, run `doorward keys rewrap` to encrypt stored secrets again;
    then `SECRET_KEY` can change without loss."""

    @field_validator("secret_key")
    @classmethod
    def _unguessable_secret_key(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if is_development(info):
            return value if value.get_secret_value() else SecretStr(DEVELOPMENT_SECRET_KEY)
        problem = problem_with_secret_key(value.get_secret_value())
        if problem:
            raise ValueError(problem)
        return value

    @field_validator("secret_key_previous")
    @classmethod
    def _unguessable_other_secret_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        current = info.data.get("secret_key")
        if current is not None and value.get_secret_value().strip() == current.get_secret_value().strip():
            raise ValueError("is the same as SECRET_KEY; remove it, or give SECRET_KEY its new value")
        return cls._unguessable_secret_key(value, info)

    @field_validator("encryption_keys")
    @classmethod
    def _unguessable_encryption_keys(cls, value: tuple[SecretStr, ...], info: ValidationInfo) -> tuple[SecretStr, ...]:
        problems = (problem_with_secret_key(each.get_secret_value()) for each in value)
        if not is_development(info) and (problem := next(filter(None, problems), None)):
            raise ValueError(f"has a key that {problem}")
        if len({each.get_secret_value() for each in value}) < len(value):
            raise ValueError("has a key twice; keep the first")
        return value
