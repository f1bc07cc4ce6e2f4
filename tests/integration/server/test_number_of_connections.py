"""At the connection limit a new connection replaces an idle one, or is refused."""

import pytest

from tests.integration.server.running import Client, Server, chunked, get, wait_until
from tests.integration.service import Logs, events

LIMIT = 4


def idle(server: Server) -> Client:
    client = server.connect()
    client.send(get("/echo"))
    assert client.answer().status == 200
    return client


def in_the_middle_of(server: Server, data: bytes) -> Client:
    """Return a connection that has sent this data, which the server may not have read yet."""
    client = server.connect()
    client.send(data)
    return client


def exhausted(logs: Logs) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in events(logs, "http.connections.exhausted"):
        assert (line["level"], line["limit"]) == ("warning", LIMIT)
        found[line["reason"]] = found.get(line["reason"], 0) + line["count"]
    return found


def test_a_new_connection_closes_the_oldest_that_never_sent_a_request(crowded_server: Server, logs: Logs) -> None:
    kept = idle(crowded_server)
    silent = [crowded_server.connect() for _ in range(LIMIT - 1)]
    wait_until(lambda: crowded_server.load == (LIMIT, LIMIT))
    assert idle(crowded_server)
    assert silent[0].is_closed()
    kept.send(get("/echo"))
    assert kept.answer().status == 200
    wait_until(lambda: exhausted(logs) == {"closed_for_room": 1})


@pytest.mark.parametrize("half", [b"GET /half", chunked("/half", b"5\r\na")])
def test_a_flood_of_half_requests_does_not_block_other_clients(crowded_server: Server, half: bytes) -> None:
    for _ in range(3 * LIMIT):
        in_the_middle_of(crowded_server, half)
    assert idle(crowded_server)
    wait_until(lambda: crowded_server.load[0] <= LIMIT)


def test_an_idle_connection_is_closed_for_a_new_one(crowded_server: Server) -> None:
    clients = [idle(crowded_server) for _ in range(LIMIT + 1)]
    assert clients[0].is_closed()
    clients[1].send(get("/echo"))
    assert clients[1].answer().status == 200


def test_a_pending_request_is_never_interrupted_and_a_new_connection_is_refused(
    crowded_server: Server, logs: Logs
) -> None:
    held = [in_the_middle_of(crowded_server, get("/hold")) for _ in range(LIMIT)]
    wait_until(lambda: len(crowded_server.application.calls) == LIMIT)
    answer = crowded_server.connect().answer()
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "too_many_connections", "2")
    wait_until(lambda: exhausted(logs) == {"too_many_connections": 1})
    crowded_server.release()
    assert [client.answer().status for client in held] == [200] * LIMIT


def test_a_closed_connection_no_longer_counts(crowded_server: Server, logs: Logs) -> None:
    for _ in range(3 * LIMIT):
        idle(crowded_server)
        crowded_server.disconnect()
        wait_until(lambda: crowded_server.load[0] == 0)
    assert not exhausted(logs)
