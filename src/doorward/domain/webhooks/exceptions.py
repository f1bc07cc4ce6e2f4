"""The errors of the administration of webhooks and dead letters. Their codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class WebhooksNotEnabledError(DomainError):
    kind = Kind.FORBIDDEN
    code = "webhooks_not_enabled"
    detail = "This service sends no webhooks. Its operator has to set WEBHOOKS_ENABLED."


class WebhookNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "webhook_not_found"
    detail = "There is no such webhook."


class StaleWebhookError(DomainError):
    kind = Kind.STALE
    code = "stale_webhook"
    detail = "The webhook was changed since you read it."


class TooManyWebhooksError(DomainError):
    kind = Kind.CONFLICT
    code = "too_many_webhooks"
    detail = "There are 50 webhooks, and there may be no more."


class InvalidWebhookUrlError(DomainError):
    kind = Kind.INVALID
    code = "invalid_webhook_url"
    detail = (
        "The URL must have the scheme https or http and a host, and neither credentials nor a fragment; it has at most "
        "2000 characters of ASCII."
    )


class WebhookAddressRefusedError(DomainError):
    kind = Kind.INVALID
    code = "webhook_address_refused"
    detail = "Webhooks go to public addresses by https, and elsewhere only to the networks of WEBHOOK_NETWORKS."


class InvalidWebhookDescriptionError(DomainError):
    kind = Kind.INVALID
    code = "invalid_webhook_description"
    detail = "The description is one line of at most 200 characters."


class UnknownEventTypeError(DomainError):
    kind = Kind.INVALID
    code = "unknown_event_type"
    detail = "The types must be types of events, at least one; without types the webhook gets all events."


class InvalidReplayRangeError(DomainError):
    kind = Kind.INVALID
    code = "invalid_replay_range"
    detail = "The range must begin before it ends."


class ReplayTooLargeError(DomainError):
    kind = Kind.INVALID
    code = "replay_too_large"
    detail = "There are more than 100,000 events in this range."


class WebhookDisabledError(DomainError):
    kind = Kind.CONFLICT
    code = "webhook_disabled"
    detail = "The webhook is disabled and gets no messages."


class DeadLetterNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "dead_letter_not_found"
    detail = "There is no such dead letter whose content is kept."
