"""Error answers that the server writes itself, in the format of all others."""

import contextvars
from uuid import uuid4

from starlette.responses import Response

from doorward.api.exceptions import RequestRefusedError
from doorward.api.middleware.answer_headers import policy_headers
from doorward.api.policy import UNMATCHED, ErrorFormat
from doorward.api.problems import refusal_response, title_of
from doorward.api.v1 import calls
from doorward.observability.request_context import begin_request


class ErrorAnswers:
    """Renders refusals as complete HTTP/1.1 answers, after which the connection ends."""

    def __init__(self, *, is_https: bool) -> None:
        """Prepare the headers. ``is_https`` is whether clients use https, even if a proxy terminates it."""
        self._headers = policy_headers(UNMATCHED, is_https=is_https, is_refusal=True)
        self._error_formats = {call.path: call.policy.errors for call in calls()}

    def render(self, refusal: type[RequestRefusedError], path: str = "") -> bytes:
        """Return the bytes of one answer, with its own correlation id.

        ``path`` is that of the request, if it is known: it determines the format of the route's errors.
        """
        correlation_id = uuid4().hex
        error_format = self._error_formats.get(path, UNMATCHED.errors)
        response = contextvars.Context().run(_problem, refusal, error_format, correlation_id)
        headers = [
            *response.raw_headers,
            *self._headers,
            (b"x-correlation-id", correlation_id.encode()),
            (b"connection", b"close"),
        ]
        lines = [f"HTTP/1.1 {refusal.status} {title_of(refusal.status)}".encode()]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join([*lines, b"", bytes(response.body)])


def _problem(refusal: type[RequestRefusedError], error_format: ErrorFormat, correlation_id: str) -> Response:
    begin_request(correlation_id=correlation_id)
    return refusal_response(refusal(), error_format)
