"""What asks an issuer, and as whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from doorward_client.key_sets import FetchedKeys


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """How this service authenticates to the issuer: ``client_secret_basic``. The secret is in no ``repr``."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        """Show the id alone."""
        return f"ClientCredentials({self.client_id!r})"


class Transport(Protocol):
    """What asks an issuer. Raises ``FetchError`` for whatever the network or the issuer does, and nothing else."""

    async def get(self, address: str) -> FetchedKeys:
        """Return the document at the address."""

    async def post(self, address: str, form: Mapping[str, str], credentials: ClientCredentials) -> bytes:
        """Return the answer to a form."""
