"""What was decided about a session or an account holds: after a restart, in another process, at once."""

from tests.e2e.people import Client, tokens_of
from tests.e2e.stack import QUICK_HASHES, Stack


def test_a_session_ended_by_reuse_stays_dead_after_a_restart(stack: Stack) -> None:
    with stack.service(**QUICK_HASHES) as service:
        client = Client(service)
        first, untouched = client.log_in(), client.log_in()
        second = tokens_of(client.refresh(first.refresh))
        assert client.refresh(first.refresh).status_code == 401
        service.restart()
        assert client.refresh(second.refresh).status_code == 401
        assert client.me(second.access).status_code == 401
        assert client.me(untouched.access).status_code == 200
        assert client.refresh(untouched.refresh).status_code == 200


def test_a_session_ended_at_one_process_is_dead_at_the_other(stack: Stack, client: Client) -> None:
    tokens = client.log_in()
    with stack.service(**QUICK_HASHES) as other:
        elsewhere = Client(other)
        assert elsewhere.me(tokens.access).status_code == 200
        assert client.revoke(tokens.refresh).status_code == 204
        assert elsewhere.me(tokens.access).status_code == 401
        assert elsewhere.refresh(tokens.refresh).status_code == 401


def test_a_deactivated_account_is_refused_from_the_next_request_on(client: Client, stack: Stack) -> None:
    person = client.new_person()
    tokens = client.log_in(person)
    assert client.me(tokens.access).status_code == 200
    stack.sql(f"UPDATE users SET is_active = false WHERE username = '{person.username}'")
    assert client.me(tokens.access).status_code == 401
    assert client.refresh(tokens.refresh).status_code == 401
    refused = client.token(person)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")


def test_a_session_past_its_end_is_refused_although_its_tokens_are_genuine(client: Client, stack: Stack) -> None:
    person = client.new_person()
    tokens = client.log_in(person)
    stack.sql(
        "UPDATE sessions SET expires_at = now() - interval '1 second' "
        f"WHERE user_id = (SELECT id FROM users WHERE username = '{person.username}')"
    )
    assert client.refresh(tokens.refresh).status_code == 401
    assert client.me(tokens.access).status_code == 401


def test_one_login_is_one_row_however_often_it_is_refreshed(client: Client, stack: Stack) -> None:
    person = client.new_person()
    tokens = client.log_in(person)
    for _ in range(5):
        tokens = tokens_of(client.refresh(tokens.refresh))
    rows = stack.sql(
        "SELECT generation FROM sessions JOIN users ON users.id = sessions.user_id "
        f"WHERE username = '{person.username}'"
    )
    assert rows == "5"
