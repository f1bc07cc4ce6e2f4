"""Settings of the root of all signing keys."""

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from doorward.settings.published_secrets import DEVELOPMENT_SECRET_KEY, OUTPUT_OF_GENERATOR, PREVIOUS_VALUE
from doorward.settings.secret_strength import problem_with_secret_key
from doorward.settings.topic import Topic, is_development, split_list


class KeySettings(Topic):
    """The secrets from which all signing keys are derived."""

    secret_key: SecretStr = Field(SecretStr(""), examples=[OUTPUT_OF_GENERATOR])
    """Root of all signing keys; at least 32 random bytes. Changing it signs everybody out, unless the old one goes on
    as `SECRET_KEY_PREVIOUS`. `inv up` makes one; the example says how to make one by hand. In development a built-in
    one is used when it is unset."""

    secret_key_previous: SecretStr | None = Field(None, examples=[PREVIOUS_VALUE])
    """A second `SECRET_KEY` whose tokens are accepted, while none are issued under it: the old one, after a change."""

    encryption_keys: Annotated[tuple[SecretStr, ...], split_list] = Field(
        (),
        examples=[OUTPUT_OF_GENERATOR],
    )
    """Roots of the keys that encrypt stored secrets, separated by commas, each as strong as `SECRET_KEY`: the first
    encrypts, all decrypt, and so do `SECRET_KEY` and `SECRET_KEY_PREVIOUS` after them. Unset: `SECRET_KEY` encrypts.
    After it was set or changed, `doorward keys rewrap` encrypts anew; then a change of `SECRET_KEY` loses nothing."""

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
