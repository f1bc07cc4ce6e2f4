"""A typical realm, created over the admin API: a public client, a confidential client, roles and users."""

import time
from dataclasses import dataclass
from typing import Any, Final

import requests

from development.keycloak.server import CALL_SECONDS, call

REALM: Final = "shop"
AUDIENCE: Final = "items"
PAGE: Final = "shop-page"
JOB: Final = "nightly-job"
JOB_SECRET: Final = "secret-of-the-nightly-job"  # noqa: S105 - of a realm that exists for one run only
OTHER_PAGE: Final = "other-page"
SHORT: Final = "short-lived"
SHORT_SECONDS: Final = 2
EDITOR: Final = "items-editor"
READER: Final = "items-reader"
PERSON_PASSWORD: Final = "correct horse battery"  # noqa: S105 - of invented people
PEOPLE: Final = {"ada": EDITOR, "grace": READER, "edsger": None}
"""The users and the realm role of each, if any."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The response of the token endpoint."""

    access: str
    refresh: str | None
    id: str | None


class Realm:
    """A realm and its administrator."""

    def __init__(self, base_url: str, password: str) -> None:
        """Take the URL of a newly started Keycloak, and the password of its first administrator."""
        self._base_url = base_url
        self._password = password
        self.issuer = f"{base_url}/realms/{REALM}"

    def make(self) -> None:
        """Create the realm, its clients, roles and users."""
        self._call("POST", "/admin/realms", {"realm": REALM, "enabled": True})
        for role in (EDITOR, READER):
            self._add("roles", {"name": role})
        self._add_client(PAGE, publicClient=True, directAccessGrantsEnabled=True)
        self._add_client(JOB, publicClient=False, secret=JOB_SECRET, serviceAccountsEnabled=True)
        lifespan = {"access.token.lifespan": str(SHORT_SECONDS)}
        self._add_client(SHORT, publicClient=True, directAccessGrantsEnabled=True, attributes=lifespan)
        # A client without an audience mapper: its tokens have Keycloak's default audience.
        self._add_client(OTHER_PAGE, has_audience=False, publicClient=True, directAccessGrantsEnabled=True)
        for name, given in PEOPLE.items():
            self._add_person(name, given)
        job = self._find(f"clients?clientId={JOB}")[0]["id"]
        self._give(self._find(f"clients/{job}/service-account-user")["id"], READER)

    def password(self, name: str, *, client: str = PAGE) -> Tokens:
        """Get tokens for a user with the password grant."""
        form = {"grant_type": "password", "username": name, "password": PERSON_PASSWORD, "scope": "openid"}
        return self._tokens(form | {"client_id": client})

    def client_credentials(self) -> Tokens:
        """Get tokens for the job with the client credentials grant."""
        return self._tokens({"grant_type": "client_credentials", "client_id": JOB, "client_secret": JOB_SECRET})

    def rotate_key(self) -> None:
        """Add a new RS256 key that signs from now on. The previous key stays in the key set."""
        component = {
            "name": f"rsa-{time.monotonic_ns()}",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": self._call("GET", f"/admin/realms/{REALM}").json()["id"],
            "config": {"priority": ["200"], "keySize": ["2048"], "algorithm": ["RS256"]},
        }
        self._add("components", component)

    def disable(self, name: str) -> None:
        """Disable a user."""
        user = self._find(f"users?username={name}&exact=true")[0]
        self._call("PUT", f"/admin/realms/{REALM}/users/{user['id']}", {"enabled": False})

    def _add_client(self, client_id: str, *, has_audience: bool = True, **members: object) -> None:
        mapper = {
            "name": "audience",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {"included.custom.audience": AUDIENCE, "access.token.claim": "true"},
        }
        mappers = [mapper] if has_audience else []
        self._add("clients", {"clientId": client_id, "protocolMappers": mappers, **members})

    def _add_person(self, name: str, role: str | None) -> None:
        credentials = [{"type": "password", "value": PERSON_PASSWORD, "temporary": False}]
        names = {"firstName": name.title(), "lastName": "Example", "email": f"{name}@example.com"}
        self._add(
            "users",
            {"username": name, "enabled": True, "emailVerified": True, "credentials": credentials, **names},
        )
        if role is not None:
            self._give(self._find(f"users?username={name}&exact=true")[0]["id"], role)

    def _give(self, user_id: str, role: str) -> None:
        self._add(f"users/{user_id}/role-mappings/realm", [self._find(f"roles/{role}")])

    def _tokens(self, form: dict[str, str]) -> Tokens:
        answer = requests.post(f"{self.issuer}/protocol/openid-connect/token", data=form, timeout=CALL_SECONDS)
        answer.raise_for_status()
        found = answer.json()
        return Tokens(found["access_token"], found.get("refresh_token"), found.get("id_token"))

    def _add(self, path: str, body: object) -> None:
        self._call("POST", f"/admin/realms/{REALM}/{path}", body)

    def _find(self, path: str) -> Any:  # noqa: ANN401 - a list or an object
        return self._call("GET", f"/admin/realms/{REALM}/{path}").json()

    def _call(self, method: str, path: str, body: object = None) -> requests.Response:
        return call(self._base_url, self._password, method, path, json=body)
