"""Response headers that follow from a route's policy: built once, added to every response. Pure."""

from typing import Final

from doorward.api.policy import Cache, ContentPolicy, RoutePolicy

Headers = tuple[tuple[bytes, bytes], ...]

_BROWSER: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_RESOURCES: Final = (b"cross-origin-resource-policy", b"same-origin")
_REFERRER: Final = (b"referrer-policy", b"no-referrer")
_OWN_REFERRER: Final = (b"referrer-policy", b"same-origin")
"""With ``no-referrer``, browsers would send ``Origin: null`` with a form."""

_WITH_OWN_REFERRER: Final = frozenset({ContentPolicy.SIGN_IN, ContentPolicy.FORM, ContentPolicy.FORM_ELSEWHERE})
_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
"""RFC 6797: one year, without includeSubDomains, because subdomains may have other owners."""

_CONTENT: Final = {
    ContentPolicy.NOTHING: b"default-src 'none'; frame-ancestors 'none'",
    ContentPolicy.MAIL: b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ContentPolicy.DOCUMENTATION: (
        b"default-src 'none'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; worker-src blob:; "
        b"script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    ),
    ContentPolicy.PAGE: (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        b"base-uri 'none'; frame-ancestors 'none'"
    ),
    ContentPolicy.SIGN_IN: (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        b"base-uri 'none'; frame-ancestors 'none'"
    ),
    ContentPolicy.FORM: (
        b"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        b"frame-ancestors 'none'"
    ),
    ContentPolicy.FORM_ELSEWHERE: (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        b"frame-ancestors 'none'"
    ),
}
_CACHE: Final[dict[Cache, Headers]] = {
    Cache.NO_STORE: ((b"cache-control", b"no-store"), (b"pragma", b"no-cache")),
    Cache.PRIVATE: ((b"cache-control", b"private, no-cache"), (b"vary", b"Authorization")),
    Cache.UNSPECIFIED: (),
    Cache.PUBLIC_DAY: ((b"cache-control", b"public, max-age=86400"),),
    Cache.PUBLIC_FIVE_MINUTES: ((b"cache-control", b"public, max-age=300"),),
}


def security_headers(content: ContentPolicy, *, is_https: bool) -> Headers:
    """Return the security headers of a response for browsers."""
    referrer = _OWN_REFERRER if content in _WITH_OWN_REFERRER else _REFERRER
    always = (*_BROWSER, referrer, _RESOURCES)
    headers = (*always, _STRICT_TRANSPORT) if is_https else always
    return (*headers, (b"content-security-policy", _CONTENT[content]))


def policy_headers(policy: RoutePolicy, *, is_https: bool, is_refusal: bool) -> Headers:
    """Return all headers of a policy. Refusals get no public caching."""
    is_public = policy.cache in {Cache.PUBLIC_DAY, Cache.PUBLIC_FIVE_MINUTES}
    cache = Cache.UNSPECIFIED if is_refusal and is_public else policy.cache
    return (*security_headers(policy.content, is_https=is_https), *_CACHE[cache])
