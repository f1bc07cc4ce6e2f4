"""The log and the checks of settings recognise every kind of secret that the service makes."""

import ast
import re
import secrets
from typing import Final

import pytest

from doorward.domain.oauth.client_secret import CLIENT_ID_PREFIX, REGISTERED_PREFIX
from doorward.observability.scrubbing import REDACTED, Scrubber
from doorward.settings.published_secrets import is_published
from tests.architecture.sources import source_modules, tree_of

PUBLIC: Final = frozenset({CLIENT_ID_PREFIX, REGISTERED_PREFIX})
"""Prefixes of ids, which are no secrets."""

RANDOM: Final = secrets.token_urlsafe(32)


def prefixes() -> list[str]:
    """Return the string literals of the sources that are the prefix of a token or a secret, and nothing else."""
    literals = {
        node.value
        for path in source_modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return sorted(each for each in literals if re.fullmatch(r"(?:dw[a-z]{1,3}|whsec)_", each) and each not in PUBLIC)


def test_the_prefixes_of_all_secrets_are_found() -> None:
    # If this fails because a kind of token was added or removed, change the list.
    letters = "abdgioprstv"
    assert prefixes() == [*(f"dw{letter}_" for letter in letters), "whsec_"]


@pytest.mark.parametrize("prefix", prefixes())
def test_the_log_redacts_every_kind_of_secret(prefix: str) -> None:
    scrubber = Scrubber()
    assert scrubber.text(prefix + RANDOM) == REDACTED
    assert scrubber.text(f"GET /callback?code={prefix}{RANDOM}&state=1").count(RANDOM) == 0
    assert scrubber.scrub({"exception": f"KeyError: '{prefix}{RANDOM}'"}) == {"exception": f"KeyError: '{REDACTED}'"}


@pytest.mark.parametrize("prefix", prefixes())
def test_no_secret_of_the_service_can_be_a_key(prefix: str) -> None:
    assert is_published(prefix + RANDOM)


@pytest.mark.parametrize("prefix", sorted(PUBLIC))
def test_the_log_keeps_public_ids(prefix: str) -> None:
    assert Scrubber().text(prefix + RANDOM) == prefix + RANDOM
