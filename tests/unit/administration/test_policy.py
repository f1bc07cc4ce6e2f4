"""Changes are limited to the caller's own scopes, by one rule for every route."""

import pytest

from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.administration.policy import require_scopes_within


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ("abc", ["ab", "c", "abc"]),
        ("abc", ["", ""]),
        ("abc", []),
        ("", [""]),
    ],
)
def test_scopes_within_the_callers_own_are_allowed(own: str, others: list[str]) -> None:
    require_scopes_within(own, *others)


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ("ab", ["abc"]),
        ("ab", ["c", ""]),
        ("ab", ["", "c"]),
        ("", ["a"]),
        ("abc", ["a", "b", "c", "d"]),
    ],
)
def test_a_single_scope_beyond_the_callers_own_is_refused_before_and_after_the_change(
    own: str, others: list[str]
) -> None:
    with pytest.raises(BeyondOwnScopesError):
        require_scopes_within(own, *others)
