"""Settings of tokens: URLs that enable the provider, the issuer of tokens, and the needs of ES256 and RS256."""

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
def test_an_https_or_a_loopback_url_enables_the_provider(url: str) -> None:
    """Its issuer is exactly the URL."""
    assert production(public_url=url).browsers.provider_issuer == url


@pytest.mark.parametrize("url", [None, "http://auth.example.com", "http://localhost.example.com", "http://10.0.0.1"])
def test_no_other_url_enables_the_provider(url: str | None) -> None:
    assert production(public_url=url).browsers.provider_issuer is None


def test_a_url_that_does_not_enable_the_provider_is_reported() -> None:
    reported = dict(insecure_settings(production(public_url="http://auth.example.com")))
    assert "no tokens for other services" in reported["PUBLIC_URL"]
    assert "PUBLIC_URL" not in dict(insecure_settings(production(public_url=URL)))


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_tokens_of_derived_keys_keep_their_issuer(algorithm: str) -> None:
    """This also applies if the provider is on, because client libraries may check the issuer."""
    assert issuer(algorithm=algorithm) == "doorward"
    assert issuer(algorithm=algorithm, public_url=URL) == "doorward"
    assert issuer(algorithm=algorithm, public_url=URL, jwt_issuer="https://other.example.com") == (
        "https://other.example.com"
    )


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_tokens_that_others_verify_have_the_public_url_as_issuer(algorithm: str) -> None:
    assert issuer(algorithm=algorithm, public_url=URL) == URL
    assert issuer(algorithm=algorithm, public_url=URL, jwt_issuer=URL) == URL
    for other in ("doorward", f"{URL}/", "http://auth.example.com"):
        assert refused(algorithm=algorithm, public_url=URL, jwt_issuer=other).startswith("JWT_ISSUER must be the same")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.parametrize("url", [None, "http://auth.example.com"])
def test_tokens_that_others_verify_need_the_provider(algorithm: str, url: str | None) -> None:
    assert refused(algorithm=algorithm, public_url=url).startswith(f"ALGORITHM={algorithm} needs PUBLIC_URL")
