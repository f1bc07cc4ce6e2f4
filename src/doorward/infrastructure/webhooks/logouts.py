"""Sends logout tokens in the same way as webhooks: to checked addresses, without redirects."""

from http import HTTPStatus
from typing import Final

from doorward.domain.oauth.backchannel_logout import LogoutAnswer
from doorward.domain.webhooks.health import is_accepted
from doorward.domain.webhooks.models import Answered
from doorward.infrastructure.webhooks.client import WebhookClient

_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "doorward-logout"}


class LogoutClient:
    """Posts forms to the servers of applications."""

    def __init__(self, client: WebhookClient) -> None:
        """Store the client, which checks addresses and connects to them."""
        self._client = client

    async def send(self, url: str, body: bytes) -> LogoutAnswer:
        """Post a form once; return the outcome."""
        result = await self._client.send(url, _HEADERS, body)
        if not isinstance(result, Answered):
            return LogoutAnswer.UNANSWERED
        if is_accepted(result):
            return LogoutAnswer.TAKEN
        is_fault = result.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return LogoutAnswer.FAILED if is_fault else LogoutAnswer.REFUSED
