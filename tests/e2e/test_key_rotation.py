"""The procedure for changing SECRET_KEY, as docs/operations.md gives it: nobody is signed out."""

import secrets

import pytest

from tests.e2e.people import Client, tokens_of
from tests.e2e.stack import Stack


def test_the_secret_key_is_changed_while_a_session_lives(stack: Stack) -> None:
    old, new = stack.settings["SECRET_KEY"], secrets.token_urlsafe(48)
    with stack.service() as service:
        client = Client(service)
        pair = client.log_in()
        untouched = client.log_in()
    with stack.service(SECRET_KEY=new, SECRET_KEY_PREVIOUS=old) as service:
        client = Client(service)
        assert client.me(pair.access).status_code == 200
        renewed = tokens_of(client.refresh(pair.refresh))
        assert client.me(renewed.access).status_code == 200
    with stack.service(SECRET_KEY=new) as service:
        client = Client(service)
        assert client.me(renewed.access).status_code == 200
        assert client.refresh(renewed.refresh).status_code == 200
        assert client.me(untouched.access).status_code == 401
        assert client.refresh(untouched.refresh).status_code == 401


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_PREVIOUS"])
def test_neither_key_is_ever_shown(stack: Stack, name: str) -> None:
    value = secrets.token_urlsafe(48)
    outcome = stack.run_command("check-config", **{name: value})
    assert outcome.status == 0
    assert f"{name}=**********  # environment\n" in outcome.output
    assert value not in outcome.output
