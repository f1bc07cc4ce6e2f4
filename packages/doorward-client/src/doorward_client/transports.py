"""Transports to an issuer, and the credentials for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from doorward_client.key_sets import FetchedKeys


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The credentials of this service at the issuer (``client_secret_basic``). ``repr`` does not show the secret."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        """Return a text with the id alone."""
        return f"ClientCredentials({self.client_id!r})"


class Transport(Protocol):
    """Sends requests to an issuer.

    Raises ``FetchError`` for every failure of the network or the issuer, and nothing else.
    """

    async def get(self, address: str) -> FetchedKeys:
        """Return the document at the address."""

    async def post(self, address: str, form: Mapping[str, str], credentials: ClientCredentials) -> bytes:
        """Post a form, and return the body of the response."""
