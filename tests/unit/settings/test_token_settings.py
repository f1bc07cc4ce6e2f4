"""Settings of tokens: where the provider is on, which issuer tokens name, and what ES256 and RS256 need."""

import secrets

import pytest

from doorward.settings.config import Settings, SettingsError, first_party_issuer, settings_from
from doorward.settings.insecure import insecure_settings

URL = "https://auth.example.com"


def production(**values: object) -> Settings:
    return settings_from({"secret_key": secrets.token_urlsafe(48), **values})


def refused(**values: object) -> str:
    with pytest.raises(SettingsError) as refusal:
        production(**values)
    (problem,) = refusal.value.problems
    return problem


def issuer(**values: object) -> str:
    settings = production(**values)
    return first_party_issuer(settings.tokens, settings.browsers)


@pytest.mark.parametrize(
    "url", [URL, "https://localhost", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"]
)
def test_the_provider_is_on_by_https_and_on_this_machine(url: str) -> None:
    """Its issuer is the address, exactly."""
    assert production(public_url=url).browsers.provider_issuer == url


@pytest.mark.parametrize("url", [None, "http://auth.example.com", "http://localhost.example.com", "http://10.0.0.1"])
def test_elsewhere_the_provider_is_off(url: str | None) -> None:
    assert production(public_url=url).browsers.provider_issuer is None


def test_an_address_with_which_the_provider_stays_off_is_reported_at_the_start() -> None:
    told = dict(insecure_settings(production(public_url="http://auth.example.com")))
    assert "no tokens for other services" in told["PUBLIC_URL"]
    assert "PUBLIC_URL" not in dict(insecure_settings(production(public_url=URL)))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_tokens_of_derived_keys_keep_their_issuer(algorithm: str) -> None:
    """Also where the provider is on: a client library that checks it must not notice."""
    assert issuer(algorithm=algorithm) == "doorward"
    assert issuer(algorithm=algorithm, public_url=URL) == "doorward"
    assert issuer(algorithm=algorithm, public_url=URL, jwt_issuer="https://other.example.com") == (
        "https://other.example.com"
    )


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_tokens_that_others_verify_name_the_address_of_the_keys(algorithm: str) -> None:
    assert issuer(algorithm=algorithm, public_url=URL) == URL
    assert issuer(algorithm=algorithm, public_url=URL, jwt_issuer=URL) == URL
    for other in ("doorward", f"{URL}/", "http://auth.example.com"):
        assert refused(algorithm=algorithm, public_url=URL, jwt_issuer=other).startswith("JWT_ISSUER must be the same")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.parametrize("url", [None, "http://auth.example.com"])
def test_tokens_that_others_verify_need_the_provider(algorithm: str, url: str | None) -> None:
    assert refused(algorithm=algorithm, public_url=url).startswith(f"ALGORITHM={algorithm} needs PUBLIC_URL")
