"""Refused authentications of OAuth clients: the kinds of calls that the timing proof compares."""

import base64
from collections.abc import Mapping
from functools import partial
from typing import Final

import psycopg
import requests

from benchmarks.processes import CALL_SECONDS
from development.proof.timing_kinds import Kind
from doorward.domain.oauth.client_secret import hash_of, new_client_id, new_secret

REFUSED: Final = 401
SETTINGS: Final[Mapping[str, str]] = {"PUBLIC_URL": "http://localhost:8000"}
"""Settings for a service that issues tokens to OAuth clients."""

STORE_CLIENT: Final = """
    INSERT INTO oauth_clients (
        client_id, name, auth_method, grant_types, scopes, resources, created_at, updated_at, not_before, disabled_at
    )
    VALUES (
        %(client_id)s, 'Timed', %(auth_method)s, '{client_credentials}', '{items:read}', '{}', now(), now(), 'epoch',
        CASE WHEN %(is_disabled)s THEN now() END
    )
"""
STORE_HASH: Final = """
    INSERT INTO oauth_client_secrets (client_id, secret_hash, created_at, expires_at)
    VALUES (%(client_id)s, %(secret_hash)s, now(), CASE WHEN %(is_expired)s THEN now() - interval '1 day' END)
"""


class ClientSite:
    """Calls to the token endpoint over one connection."""

    def __init__(self, url: str, database_url: str) -> None:
        """Store the clients in the database."""
        self._url = f"{url}/oauth/token"
        self._session = requests.Session()
        self._session.trust_env = False
        with psycopg.connect(database_url, autocommit=True) as operator:
            self._known = self._add(operator)
            self._disabled = self._add(operator, is_disabled=True)
            self._of_form = self._add(operator, auth_method="client_secret_post")
            self._expired = self._add(operator, is_expired=True)
            operator.execute("VACUUM ANALYZE oauth_clients, oauth_client_secrets")

    @staticmethod
    def _add(
        operator: psycopg.Connection[tuple[object, ...]],
        *,
        auth_method: str = "client_secret_basic",
        is_disabled: bool = False,
        is_expired: bool = False,
    ) -> tuple[str, str]:
        """Store a client; return its id and its secret."""
        client_id, secret = new_client_id(), new_secret()
        client = {"client_id": client_id, "auth_method": auth_method, "is_disabled": is_disabled}
        operator.execute(STORE_CLIENT, client)
        stored = {"client_id": client_id, "secret_hash": hash_of(secret), "is_expired": is_expired}
        operator.execute(STORE_HASH, stored)
        return client_id, secret

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def kinds(self) -> list[Kind]:
        """Return the kinds of refusals that an attacker must not be able to distinguish."""
        known, _ = self._known
        return [
            Kind("unknown client", lambda: self._ask(new_client_id(), new_secret()), REFUSED),
            Kind("wrong secret", lambda: self._ask(known, new_secret()), REFUSED),
            Kind("disabled client, right secret", partial(self._ask, *self._disabled), REFUSED),
            Kind("disabled client, wrong secret", lambda: self._ask(self._disabled[0], new_secret()), REFUSED),
            Kind("expired secret", partial(self._ask, *self._expired), REFUSED),
            Kind("Basic instead of the form", partial(self._ask, *self._of_form), REFUSED),
        ]

    def _ask(self, client_id: str, secret: str) -> requests.Response:
        credentials = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        return self._session.post(
            self._url,
            data={"grant_type": "client_credentials", "scope": "items:read"},
            headers={"Authorization": f"Basic {credentials}"},
            timeout=CALL_SECONDS,
        )
