"""Signatures, verified by the library of the Standard Webhooks convention."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from doorward.domain.webhooks.signature import SECRET_BYTES, shown_secret, signed_headers

BODY = json.dumps({"type": "user.registered", "data": {}}).encode()


def signed(*keys: bytes, sent_at: datetime | None = None, body: bytes = BODY) -> dict[str, str]:
    return signed_headers(keys, message_id=uuid4(), sent_at=sent_at or datetime.now(UTC), body=body)


def test_a_receiver_verifies_a_message_with_the_secret_that_was_shown() -> None:
    secret = secrets.token_bytes(SECRET_BYTES)
    assert shown_secret(secret).startswith("whsec_")
    assert Webhook(shown_secret(secret)).verify(BODY, signed(secret)) == json.loads(BODY)


def test_during_a_change_of_the_secret_receivers_verify_with_either() -> None:
    old, new = (secrets.token_bytes(SECRET_BYTES) for _ in range(2))
    headers = signed(new, old)
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        Webhook(shown_secret(secret)).verify(BODY, headers)


def test_another_secret_body_id_or_time_does_not_verify() -> None:
    secret = secrets.token_bytes(SECRET_BYTES)
    webhook, headers = Webhook(shown_secret(secret)), signed(secret)
    other_time = str(int(headers["webhook-timestamp"]) + 1)
    for changed in ({"webhook-id": str(uuid4())}, {"webhook-timestamp": other_time}):
        with pytest.raises(WebhookVerificationError):
            webhook.verify(BODY, headers | changed)
    with pytest.raises(WebhookVerificationError):
        webhook.verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        webhook.verify(BODY, signed(secrets.token_bytes(SECRET_BYTES)))


def test_an_old_message_does_not_verify_when_it_is_replayed() -> None:
    secret = secrets.token_bytes(SECRET_BYTES)
    old = signed(secret, sent_at=datetime.now(UTC) - timedelta(minutes=6))
    with pytest.raises(WebhookVerificationError):
        Webhook(shown_secret(secret)).verify(BODY, old)
