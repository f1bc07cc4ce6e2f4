"""Secrets and signatures of the Standard Webhooks convention, version 1: HMAC-SHA-256. No side effects."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

SECRET_BYTES: Final = 32
_PREFIX: Final = "whsec_"


def shown_secret(secret: bytes) -> str:
    """Return a secret in the form that receivers configure."""
    return _PREFIX + base64.b64encode(secret).decode()


def signed_headers(secrets: Sequence[bytes], *, message_id: UUID, sent_at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of a message, with one signature for each secret."""
    timestamp = str(int(sent_at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [
        f"v1,{base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()}" for secret in secrets
    ]
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }
