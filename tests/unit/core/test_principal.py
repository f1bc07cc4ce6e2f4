from datetime import UTC, datetime

import pytest

from doorward.core.principal import SignIn

SIGNED_IN_AT = datetime(2026, 11, 21, 12, 0, 0, 900_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("acr", "amr", "level"),
    [(1, ("pwd",), "1"), (2, ("pwd", "otp"), "2"), (2, ("pwd", "pop"), "2"), (2, ("pop", "user", "mfa"), "phr")],
)
def test_the_claims_of_a_sign_in_name_its_level(acr: int, amr: tuple[str, ...], level: str) -> None:
    claims = SignIn(SIGNED_IN_AT, acr, amr).claims()
    assert claims == {"auth_time": int(SIGNED_IN_AT.timestamp()), "acr": level, "amr": list(amr)}
