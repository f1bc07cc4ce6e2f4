"""Settings of events to other systems."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from doorward.settings.limits import Network
from doorward.settings.topic import Topic, split_list


class OutgoingSettings(Topic):
    """The systems to which events are sent, and the networks where they may be: docs/events-out.md."""

    webhooks_enabled: bool = Field(default=False, examples=["true"])
    """Whether webhooks can be created and are sent. Needs the extra `doorward[webhooks]`."""

    webhook_networks: Annotated[tuple[Network, ...], split_list] = Field((), examples=["10.20.0.0/16,fd00:20::/64"])
    """Private networks to which webhooks and back-channel logouts may be sent, also by plain http, separated by commas.
    Empty: they are sent only to public addresses, by https."""

    rabbitmq_url: SecretStr | None = Field(None, examples=["amqps://doorward:PASSWORD@rabbitmq.internal:5671/"])
    """The RabbitMQ server to which every event is published (extra `doorward[rabbitmq]`). Unset: none."""

    @field_validator("rabbitmq_url")
    @classmethod
    def _of_a_broker(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            is_complete = parts.scheme in {"amqp", "amqps"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_complete = False
        if not is_complete:
            raise ValueError("must begin with amqp:// or amqps:// and name a host")
        return value
