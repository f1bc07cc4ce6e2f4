"""Known secrets of the process are removed from log lines, in any context and with any escaping."""

import json
import secrets
from urllib.parse import quote

import pytest

from doorward.observability.known_secrets import KnownSecrets
from doorward.settings.config import settings_from
from doorward.settings.secret_values import secret_values

SECRETS = ("0f3c9be2a6d84e17b5c0", 'p "q" \\ ß/ü+% z', "tok_With-Both.Cases")


@pytest.mark.parametrize("around", ["{}", "a{}b", "b'{}'", "/{}?x=1"])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_known_secret_is_removed_from_a_finished_line(secret: str, around: str) -> None:
    escaped = json.dumps(secret)[1:-1]
    for spelling in (secret, escaped, json.dumps(escaped)[1:-1], quote(secret, safe=""), quote(secret)):
        line = json.dumps({"event": around.format(spelling), "number": 1})
        shown = KnownSecrets(SECRETS).redact(line)
        assert json.loads(shown)["number"] == 1
        assert json.loads(shown)["event"] == around.format("[redacted]")


def test_a_word_that_is_too_short_to_be_a_secret_stays() -> None:
    assert KnownSecrets(["info"]).redact('{"level": "info"}') == '{"level": "info"}'


def test_known_secrets_are_keys_passwords_and_passwords_in_urls_but_no_published_values() -> None:
    key, previous, database, store = (secrets.token_urlsafe(48) for _ in range(4))
    settings = settings_from(
        {
            "environment": "development",
            "secret_key": key,
            "secret_key_previous": previous,
            "database_url": f"postgresql://ada:{database}@db/doorward",
            "postgres_password": "postgres",
            "rate_limit_storage_uri": f"redis://:{store}@cache",
        }
    )
    assert set(secret_values(settings)) == {key, previous, database, store}
