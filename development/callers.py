"""The callers of use cases, for tests and proofs that call these without HTTP."""

from collections.abc import Hashable

from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.ports import Authentication


async def caller_of(authentication: Authentication, access_token: str) -> Caller:
    """Return the user in a session whom an access token identifies; the call is not counted.

    Raises what ``Authentication.authenticate`` raises, and ``InvalidAccessTokenError`` for callers of other kinds.
    """
    caller = await authentication.authenticate(access_token, _count_no_call)
    if not isinstance(caller, Caller):
        raise InvalidAccessTokenError
    return caller


def _count_no_call(_: Hashable) -> None:
    pass
