"""No unit test can reach the network."""

import socket

import pytest
from pytest_socket import SocketBlockedError


def test_a_unit_test_cannot_open_a_network_socket() -> None:
    with (
        pytest.warns(UserWarning, match=r"tried to use socket\.socket"),
        pytest.raises(SocketBlockedError),
        socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    ):
        pass
