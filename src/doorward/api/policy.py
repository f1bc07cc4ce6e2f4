"""What each route declares beside its function: who may call it, and how it is answered."""

from enum import Enum, auto
from typing import Final

from doorward.core.frozen import frozen
from doorward.core.ports import LimitedCall
from doorward.domain.auth.models import ACCOUNT_SCOPE

MAXIMUM_BODY_BYTES: Final = 64 * 1024
MAXIMUM_UPLOAD_BYTES: Final = 32 * 1024 * 1024


@frozen
class Public:
    """Everybody may call: nothing is needed."""


@frozen
class NeedsScope:
    """An access token of a live session that holds this scope (RFC 6749 section 3.3)."""

    scope: str


@frozen
class NeedsFreshProof(NeedsScope):
    """As ``NeedsScope``, in a session whose user authenticated in the last minutes (``FRESH_PROOF``, RFC 9470)."""


@frozen
class OptionalScope:
    """Everybody may call. An access token that is sent must be good, and hold this scope."""

    scope: str


@frozen
class InBrowser:
    """A browser session of a signed-in person that has this scope. Without one, the page leads to the sign-in."""

    needs: NeedsScope


@frozen
class NeedsClient:
    """A client that names itself, and authenticates if it has a secret or a key (RFC 6749 section 2.3).

    The endpoint reads both from its form, and refuses in the words of that standard.
    """


@frozen
class NeedsRegistrationToken:
    """A token by which clients register themselves (RFC 7591 section 3, RFC 7592 section 2). The endpoint reads it."""


Access = Public | OptionalScope | NeedsScope | InBrowser | NeedsClient | NeedsRegistrationToken

PUBLIC: Final = Public()
ACCOUNT: Final = NeedsScope(ACCOUNT_SCOPE)
"""A signed-in user."""
FRESH_ACCOUNT: Final = NeedsFreshProof(ACCOUNT_SCOPE)
"""A signed-in user who proved the identity in the last minutes: by password, passkey or second factor."""
NEEDS_CLIENT: Final = NeedsClient()
OPTIONAL_ACCOUNT: Final = OptionalScope(ACCOUNT_SCOPE)
"""Everybody, and a signed-in user where an access token is sent."""


class Cache(Enum):
    """What clients and proxies may keep of an answer."""

    NO_STORE = auto()
    """Nothing: the answer holds tokens, or no route gave it."""
    PRIVATE = auto()
    """A browser may keep it and must ask whether it still holds: it differs from user to user."""
    UNSPECIFIED = auto()
    """The answer is the same for everybody and cheap: no header."""
    PUBLIC_DAY = auto()
    """Everybody may keep it for a day."""
    PUBLIC_FIVE_MINUTES = auto()
    """Everybody may keep it for five minutes."""


class ErrorDialect(Enum):
    """The form of refusals."""

    PROBLEM = auto()
    """RFC 9457."""
    OAUTH = auto()
    """RFC 9457 with the members ``error`` and ``error_description`` of RFC 6749 section 5.2."""
    OAUTH_ENDPOINT = auto()
    """RFC 6749 section 5.2, to the letter, with a correlation id: what unmodified clients of that standard read."""
    PAGE = auto()
    """HTML, for people."""


class Origins(Enum):
    """Pages of which other origins may call (the CORS protocol of the Fetch standard)."""

    SETTINGS = auto()
    """Those of ``CORS_ALLOW_ORIGINS``, with cookies where ``CORS_ALLOW_CREDENTIALS`` says so."""
    CLIENTS = auto()
    """Those of ``CORS_ALLOW_ORIGINS`` and of the clients' redirect URIs, without cookies."""
    ALL = auto()
    """Every one, whatever the settings say: the answer is the same for all."""
    NONE = auto()
    """None: it is called by servers."""


class ContentPolicy(Enum):
    """What a browser may load for an answer."""

    NOTHING = auto()
    DOCUMENTATION = auto()
    """The service's own scripts and styles."""
    MAIL = auto()
    """Styles within the page: mail programs load no others."""
    PAGE = auto()
    """The service's own script and style, none within the page; its forms go nowhere else."""
    SIGN_IN = auto()
    """As ``PAGE``. Its forms tell the service where they come from."""
    FORM = auto()
    """As ``SIGN_IN``, without a script."""
    FORM_ELSEWHERE = auto()
    """As ``SIGN_IN``, and its form goes to an application (OAuth 2.0 Form Post Response Mode)."""


@frozen
class RoutePolicy:
    """The policy of one route. The defaults are the strictest; unmatched addresses have them."""

    access: Access
    cache: Cache = Cache.NO_STORE
    errors: ErrorDialect = ErrorDialect.PROBLEM
    body_limit: int = MAXIMUM_BODY_BYTES
    limit_of_address: LimitedCall | None = None
    """How often one client address may call: counted before anything of the body is read, but see the next field."""
    limit_of_refresh: LimitedCall | None = None
    """Of forms with ``grant_type=refresh_token``, in place of ``limit_of_address``. Where it is set, both are counted
    by what reads the form, because the form has to be read first."""
    limit_of_user: LimitedCall | None = None
    """How often one user may call: counted by the upload, once it holds its place."""
    is_compressed: bool = False
    is_probe: bool = False
    """Called by load balancers: answered under every host name, not counted in flight, logged only when it fails."""
    content: ContentPolicy = ContentPolicy.NOTHING
    is_page_form: bool = False
    """Sent by a form of our own pages: one that comes from a page of another origin is refused."""
    origins: Origins = Origins.SETTINGS

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a compressed answer with secrets: its length would tell them (BREACH)."""
        if self.is_compressed and self.cache is Cache.NO_STORE:
            raise ValueError("an answer that must not be stored must not be compressed either")


UNMATCHED: Final = RoutePolicy(PUBLIC)
