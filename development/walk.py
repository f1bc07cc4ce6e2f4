"""A sequence of calls to a running service, each shown with its response."""

from collections.abc import Mapping
from json import dumps
from typing import Any, Final

import requests

Body = Mapping[str, object] | None
Answer = dict[str, Any]

TIMEOUT_SECONDS: Final = 10
SHOWN_TOKEN_CHARACTERS: Final = 24
HIDDEN: Final = ("password", "secret", "uri", "recovery_codes")


class UnexpectedAnswerError(Exception):
    """The service's response differs from the contract."""


class Walk:
    """Numbered steps. Stops at the first unexpected response."""

    def __init__(self, url: str, prefix: str) -> None:
        """Take the URL of the service, and the prefix of all paths."""
        self._url = url
        self._prefix = prefix
        self._step = 0

    def _say(self, title: str) -> None:
        self._step += 1
        print(f"\n{self._step}. {title}")

    def _call(
        self,
        title: str,
        method: str,
        path: str,
        expected: int,
        *,
        token: str | None = None,
        json: Body = None,
        data: Mapping[str, str] | None = None,
    ) -> Answer:
        self._say(title)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        print(f"   {method} {self._prefix}{path}  {_shown(json or data)}")
        response = requests.request(
            method, self._url + self._prefix + path, headers=headers, json=json, data=data, timeout=TIMEOUT_SECONDS
        )
        answer: Answer = response.json() if response.content else {}
        print(f"   {response.status_code} {response.reason}  {_shown(answer)}")
        if response.status_code != expected:
            raise UnexpectedAnswerError(f"expected {expected}, got {response.status_code}")
        return answer


def _shown(content: Mapping[str, object] | None) -> str:
    if not content:
        return ""
    if "code" in content and "detail" in content:
        return f"{content['code']}: {content['detail']}"
    return dumps({key: _shortened(key, value) for key, value in content.items()})


def _shortened(key: str, value: object) -> object:
    if key in HIDDEN:
        return "********"
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], dict):
        return f"{len(value)} of them"
    return f"{str(value)[:SHOWN_TOKEN_CHARACTERS]}..." if key == "token" or key.endswith("_token") else value
