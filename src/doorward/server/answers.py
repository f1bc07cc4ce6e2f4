"""Error answers that the server writes by itself, in the shape of all others."""

import contextvars
from uuid import uuid4

from starlette.responses import Response

from doorward.api.exceptions import RequestRefusedError
from doorward.api.middleware import security_headers
from doorward.api.problems import problem_response, title_of
from doorward.observability.request_context import begin_request


class ErrorAnswers:
    """Renders refusals as complete HTTP/1.1 answers, after which the connection ends."""

    def __init__(self, *, is_https: bool) -> None:
        """Prepare. ``is_https`` is what clients see, also where a proxy ends the encryption."""
        self._headers = security_headers(is_https=is_https)

    def render(self, refusal: type[RequestRefusedError], path: str = "") -> bytes:
        """Return the bytes of one answer, with a correlation id of its own.

        ``path`` is the request's, where it is known: the token endpoints have members of their own.
        """
        correlation_id = uuid4().hex
        response = contextvars.Context().run(_problem, refusal, path, correlation_id)
        headers = [
            *response.raw_headers,
            *self._headers,
            (b"cache-control", b"no-store"),
            (b"x-correlation-id", correlation_id.encode()),
            (b"connection", b"close"),
        ]
        lines = [f"HTTP/1.1 {refusal.status} {title_of(refusal.status)}".encode()]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join([*lines, b"", bytes(response.body)])


def _problem(refusal: type[RequestRefusedError], path: str, correlation_id: str) -> Response:
    begin_request(correlation_id=correlation_id)
    return problem_response(
        refusal.status,
        refusal.code,
        refusal.explanation,
        path=path,
        oauth_error=refusal.oauth_error,
        headers=refusal.answer_headers,
    )
