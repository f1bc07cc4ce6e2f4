"""The methods and the level of a session after another factor was verified."""

from collections.abc import Set as AbstractSet

import pytest

from doorward.domain.auth.login.reauthentication import renewed_methods


@pytest.mark.parametrize(
    ("before", "factor", "methods", "acr"),
    [
        ({"pwd"}, {"otp"}, {"pwd", "otp", "mfa"}, 2),
        ({"pwd"}, {"pop"}, {"pwd", "pop", "mfa"}, 2),
        ({"pwd", "otp", "mfa"}, {"otp"}, {"pwd", "otp", "mfa"}, 2),
        ({"pop", "user", "mfa"}, {"pop", "user"}, {"pop", "user", "mfa"}, 2),
        ({"pop", "user", "mfa"}, {"otp"}, {"pop", "user", "otp", "mfa"}, 2),
        ({"pop"}, {"pop", "user"}, {"pop", "user", "mfa"}, 2),
        ({"otp"}, {"otp"}, {"otp"}, 1),
        ({"pop"}, {"pop"}, {"pop"}, 1),
        (set(), {"otp"}, {"otp"}, 1),
    ],
)
def test_two_factors_are_two_different_methods_or_a_device_with_user_verification(
    before: AbstractSet[str], factor: AbstractSet[str], methods: AbstractSet[str], acr: int
) -> None:
    assert renewed_methods(before, factor) == (tuple(sorted(methods)), acr)
