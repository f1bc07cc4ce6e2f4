"""The policy of each route: access, rate limits, caching, error format and headers."""

from enum import Enum, auto
from typing import Final

from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.models import ACCOUNT_SCOPE

MAXIMUM_BODY_BYTES: Final = 64 * 1024
MAXIMUM_UPLOAD_BYTES: Final = 32 * 1024 * 1024


@frozen
class Public:
    """No authentication is needed."""


@frozen
class NeedsScope:
    """Requires an access token of a live session with this scope (RFC 6749 section 3.3)."""

    scope: str


@frozen
class NeedsFreshProof(NeedsScope):
    """Also requires that the user authenticated in the last minutes (``FRESH_PROOF``, RFC 9470)."""


@frozen
class OptionalScope:
    """No authentication is needed. If an access token is sent, it must be valid and have this scope."""

    scope: str


@frozen
class InBrowser:
    """Requires a browser session of a signed-in user with this scope. Without one, the page leads to the sign-in."""

    needs: NeedsScope


@frozen
class NeedsClient:
    """Requires an OAuth client, which authenticates if it has a secret or a key (RFC 6749 section 2.3).

    The endpoint reads client id and credentials itself, and refuses with the errors of that standard.
    """


@frozen
class NeedsRegistrationToken:
    """Requires a token for client registration (RFC 7591 section 3, RFC 7592 section 2). The endpoint checks it."""


Access = Public | OptionalScope | NeedsScope | InBrowser | NeedsClient | NeedsRegistrationToken

PUBLIC: Final = Public()
ACCOUNT: Final = NeedsScope(ACCOUNT_SCOPE)
"""A signed-in user."""
FRESH_ACCOUNT: Final = NeedsFreshProof(ACCOUNT_SCOPE)
"""A signed-in user who authenticated in the last minutes by password, passkey or second factor."""
NEEDS_CLIENT: Final = NeedsClient()
OPTIONAL_ACCOUNT: Final = OptionalScope(ACCOUNT_SCOPE)
"""Anonymous callers, or a signed-in user if an access token is sent."""


class Cache(Enum):
    """How clients and proxies may cache a response."""

    NO_STORE = auto()
    """Not at all: the response contains tokens or comes from no route."""
    PRIVATE = auto()
    """In the browser only, with revalidation: the response differs by user."""
    UNSPECIFIED = auto()
    """No header field: the response is the same for all callers and cheap."""
    PUBLIC_DAY = auto()
    """In shared caches for a day."""
    PUBLIC_FIVE_MINUTES = auto()
    """In shared caches for five minutes."""


class ErrorFormat(Enum):
    """The format of error responses."""

    PROBLEM = auto()
    """RFC 9457."""
    OAUTH = auto()
    """RFC 9457 with the members ``error`` and ``error_description`` of RFC 6749 section 5.2."""
    OAUTH_ENDPOINT = auto()
    """Exactly RFC 6749 section 5.2, plus a correlation id, for unmodified clients of that standard."""
    PAGE = auto()
    """HTML, for browsers."""


class Origins(Enum):
    """Other origins whose pages may call the route (the CORS protocol of the Fetch standard)."""

    SETTINGS = auto()
    """Those of ``CORS_ALLOW_ORIGINS``, with cookies if ``CORS_ALLOW_CREDENTIALS`` allows them."""
    CLIENTS = auto()
    """Those of ``CORS_ALLOW_ORIGINS`` and of the clients' redirect URIs, without cookies."""
    ALL = auto()
    """All origins, regardless of the settings: the response is the same for all callers."""
    NONE = auto()
    """No origin: only servers call the route."""


class ContentPolicy(Enum):
    """The Content-Security-Policy of a response: what a browser may load."""

    NOTHING = auto()
    DOCUMENTATION = auto()
    """The service's own scripts and styles."""
    MAIL = auto()
    """Inline styles: mail programs load no others."""
    PAGE = auto()
    """The service's own scripts and styles, nothing inline. Forms may only be sent to the service."""
    SIGN_IN = auto()
    """As ``PAGE``, with a Referrer-Policy that sends the page's origin with its forms."""
    FORM = auto()
    """As ``SIGN_IN``, without a script."""
    FORM_ELSEWHERE = auto()
    """As ``SIGN_IN``, but its form is sent to an application (OAuth 2.0 Form Post Response Mode)."""


@frozen
class RoutePolicy:
    """The policy of one route. The defaults are the strictest and apply to unmatched addresses."""

    access: Access
    cache: Cache = Cache.NO_STORE
    errors: ErrorFormat = ErrorFormat.PROBLEM
    body_limit: int = MAXIMUM_BODY_BYTES
    limit_of_address: LimitedCall | None = None
    """Rate limit per client address. Counted before the body is read, unless ``limit_of_refresh`` is set."""
    limit_of_refresh: LimitedCall | None = None
    """Replaces ``limit_of_address`` for forms with ``grant_type=refresh_token``. If it is set, the body reader counts
    both limits, because the form must be read first."""
    limit_of_user: LimitedCall | None = None
    """Rate limit per user. Counted by the upload after it has got its place."""
    is_compressed: bool = False
    is_probe: bool = False
    """Called by load balancers: accepted under every host name, not limited, success logged at debug level only."""
    content: ContentPolicy = ContentPolicy.NOTHING
    is_page_form: bool = False
    """Receives a form of our own pages. A form sent by a page of another origin is refused."""
    origins: Origins = Origins.SETTINGS
    checks_repetition_itself: bool = False
    """Whether the route refuses repeated query parameters itself, in another form. Admission does it for all others."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a compressed response with secrets: its length would leak them (BREACH)."""
        if self.is_compressed and self.cache is Cache.NO_STORE:
            raise ValueError("an answer that must not be stored must not be compressed either")


UNMATCHED: Final = RoutePolicy(PUBLIC)
