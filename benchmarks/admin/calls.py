"""The measured calls: each list with the query of its page, which is the repository's own function."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode

from benchmarks.admin.users import FIRST_CREATED_AT, FREQUENT_NAME, RARE_NAME
from benchmarks.items.calls import Call
from doorward.core.pages import DEFAULT_PAGE_SIZE, CursorCodec, Position
from doorward.domain.administration.models import UserQuery, UserStatus
from doorward.domain.administration.policy import search_pattern
from doorward.domain.administration.repositories.lists import list_users

USERS = "/api/v1/admin/users"


def calls_of(cursors: CursorCodec, deep: Position, email: str, size: int) -> Sequence[Call]:
    """Return all calls. ``deep`` is a position after nine tenths of the users, ``email`` is one user's address."""
    middle = FIRST_CREATED_AT + timedelta(seconds=size // 2)
    until = middle + timedelta(seconds=50)
    return [
        _call("list, first page", UserQuery()),
        _call("list, 90 % deep", UserQuery(), after=cursors.encode(deep), position=deep),
        _call("filter, deactivated, 1 in 100", UserQuery(status=UserStatus.DEACTIVATED), status="deactivated"),
        _call("filter, active", UserQuery(status=UserStatus.ACTIVE), status="active"),
        _call("filter, unverified, 1 in 10", UserQuery(is_verified=False), verified="false"),
        _call("filter, role of 100", UserQuery(role="support"), role="support"),
        _call("filter, role of 1 in 10", UserQuery(role="member"), role="member"),
        _call(
            "filter, 50 of a moment",
            UserQuery(created_since=middle, created_until=until),
            created_since=middle.isoformat(),
            created_until=until.isoformat(),
        ),
        _call("exact address", UserQuery(email=email), email=email),
        _call("exact external id", UserQuery(external_id="legacy-77"), external_id="legacy-77"),
        _search("search, part of 100", RARE_NAME[:5]),
        _search("search, part of 1 in 100", FREQUENT_NAME[:5]),
        _search("search, part of all", "example"),
        _search("search, part of none", "qqqjjjq"),
    ]


def _search(name: str, part: str) -> Call:
    return _call(name, UserQuery(part=search_pattern(part)), q=part)


def _call(name: str, wanted: UserQuery, *, position: Position | None = None, **parameters: str) -> Call:
    return Call(
        name,
        f"{USERS}?{urlencode(parameters)}",
        lambda connection: list_users(connection, wanted, after=position, limit=DEFAULT_PAGE_SIZE + 1),
        is_flat=True,
    )
