"""Refusals of input that never becomes a request. Each ends its connection."""

from doorward.api.exceptions import RequestRefusedError


class MalformedRequestError(RequestRefusedError):
    """The input is no HTTP/1.1 message (RFC 9112), or its end is ambiguous."""

    status = 400
    code = "malformed_request"
    explanation = "The request is not well-formed HTTP/1.1. Use an HTTP client library."


class InvalidHostError(RequestRefusedError):
    """RFC 9112 section 3.2: no Host in HTTP/1.1, more than one, or one that names no host."""

    status = 400
    code = "invalid_host"
    explanation = "The request needs exactly one Host header, with a host and optionally a port."


class UpgradeWithBodyError(RequestRefusedError):
    """A request with Upgrade and a body: the parser treats the rest as another protocol and would lose the body."""

    status = 400
    code = "upgrade_with_body"
    explanation = "The service speaks HTTP/1.1 only. Send requests that have a body without the Upgrade header."


class HeadTimeoutError(RequestRefusedError):
    status = 408
    code = "head_timeout"
    explanation = "The headers did not arrive in time. Send the request over a faster connection."


class BodyTimeoutError(RequestRefusedError):
    status = 408
    code = "body_timeout"
    explanation = "The body did not arrive in time. Send less at a time, or over a faster connection."


class HeadersTooLargeError(RequestRefusedError):
    """RFC 6585 section 5; also trailers and chunk extensions."""

    status = 431
    code = "headers_too_large"
    explanation = "The headers are larger than 32 KiB or more than 100. Send fewer and shorter ones."


class TooManyConnectionsError(RequestRefusedError):
    status = 503
    code = "too_many_connections"
    explanation = "The service has too many connections. Try again after the time in Retry-After."
    oauth_error = "temporarily_unavailable"
    answer_headers = {"Retry-After": "2"}  # noqa: RUF012 - the base class declares it as ClassVar


class UnsupportedVersionError(RequestRefusedError):
    """RFC 9110 section 15.6.6."""

    status = 505
    code = "unsupported_http_version"
    explanation = "The service speaks HTTP/1.1 and HTTP/1.0. Configure the client or the proxy in front accordingly."
