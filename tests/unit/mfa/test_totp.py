"""Codes of authenticator applications: the vectors of RFC 6238 and RFC 4226, and another implementation."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.domain.mfa.totp import (
    SECRET_BYTES,
    STEP,
    code_at,
    matching_step,
    new_secret,
    provisioning_uri,
    shown_secret,
    step_at,
)

RFC_SECRET = b"12345678901234567890"
NOW = datetime(2026, 3, 1, 12, 0, 29, tzinfo=UTC)
HERE = step_at(NOW)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_codes_match_the_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert code_at(RFC_SECRET, step_at(datetime.fromtimestamp(seconds, UTC)), digits=8) == code


@pytest.mark.parametrize(
    ("counter", "code"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_codes_match_the_vectors_of_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert code_at(RFC_SECRET, counter) == code


@given(secret=st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES), seconds=st.integers(0, 2**33))
def test_another_implementation_computes_the_same_codes(secret: bytes, seconds: int) -> None:
    shown = pyotp.TOTP(shown_secret(secret)).at(seconds)
    assert code_at(secret, step_at(datetime.fromtimestamp(seconds, UTC))) == shown


@pytest.mark.parametrize(("skew", "is_right"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_a_code_is_accepted_with_a_clock_difference_of_up_to_half_a_minute(skew: int, *, is_right: bool) -> None:
    code = pyotp.TOTP(shown_secret(RFC_SECRET)).at(NOW + timedelta(seconds=skew))
    expected = step_at(NOW + timedelta(seconds=skew)) if is_right else None
    assert matching_step(RFC_SECRET, code, NOW) == expected


def test_only_codes_of_the_current_and_the_adjacent_steps_match() -> None:
    matched = {offset: matching_step(RFC_SECRET, code_at(RFC_SECRET, HERE + offset), NOW) for offset in range(-3, 4)}
    assert {offset for offset, step in matched.items() if step == HERE + offset} == {-1, 0, 1}
    assert {matched[offset] for offset in (-3, -2, 2, 3)} == {None}


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "287 082", "x", "\u0661\u0661\u0661\u0661\u0661\u0661"])
def test_an_invalid_code_matches_no_step(typed: str) -> None:
    assert matching_step(RFC_SECRET, typed, NOW) is None


def test_the_first_step_has_no_previous_one() -> None:
    beginning = datetime.fromtimestamp(1, UTC)
    assert matching_step(RFC_SECRET, code_at(RFC_SECRET, 0), beginning) == 0


def test_a_step_lasts_half_a_minute() -> None:
    assert (step_at(NOW), step_at(NOW + timedelta(seconds=1)), STEP) == (HERE, HERE + 1, timedelta(seconds=30))


def test_secrets_are_random_and_shown_in_base32() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert all(re.fullmatch(r"[A-Z2-7]{32}", shown_secret(secret)) for secret in secrets)


@pytest.mark.parametrize(("issuer", "account"), [("doorward", "ada"), ("auth.example.com", "ada.lovelace-1")])
def test_another_implementation_reads_the_uri(issuer: str, account: str) -> None:
    read = pyotp.parse_uri(provisioning_uri(RFC_SECRET, issuer=issuer, account=account))
    assert isinstance(read, pyotp.TOTP)
    assert (read.issuer, read.name, read.secret) == (issuer, account, shown_secret(RFC_SECRET))
    assert (read.digits, read.interval) == (6, 30)


def test_the_uri_names_account_and_issuer_in_label_and_parameters() -> None:
    uri = urlsplit(provisioning_uri(RFC_SECRET, issuer="a b&c", account="x:y"))
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/a b&c:x:y")
    assert parse_qs(uri.query) == {
        "secret": [shown_secret(RFC_SECRET)],
        "issuer": ["a b&c"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
