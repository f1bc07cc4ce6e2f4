"""A user with passkeys in tests: an account, a session, and a software authenticator."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx

from development.authenticator import Authenticator, Credential
from development.client import ACCOUNT, AUTH, Pair, Person, pair
from tests.integration.service import Service

ORIGIN: Final = "https://auth.example.com"
OPTIONS: Final = f"{AUTH}/passkeys/options"
LOGIN: Final = f"{AUTH}/passkeys/token"
SECOND_FACTOR: Final = f"{AUTH}/second-factor/passkey"
PASSKEYS: Final = f"{ACCOUNT}/passkeys"


@dataclass
class Keyring:
    """An account with a verified address, its session, and its authenticator."""

    service: Service
    person: Person
    pair: Pair
    authenticator: Authenticator
    passkey_ids: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Make a call in the session."""
        return await self.service.authorized(method, path, self.pair.access, **options)

    async def creation_options(self) -> dict[str, Any]:
        answer = await self.call("POST", f"{PASSKEYS}/options")
        assert answer.status_code == 200, answer.text
        options: dict[str, Any] = answer.json()
        return options

    async def post_passkey(self, credential: dict[str, Any], **members: object) -> httpx.Response:
        """Register an authenticator's credential; the session continues with the tokens of the response."""
        answer = await self.call("POST", PASSKEYS, json={"credential": credential, **members})
        if answer.status_code == 201:
            self.pair = Pair(answer.json()["access_token"], answer.json()["refresh_token"])
            self.passkey_ids.append(answer.json()["passkey"]["id"])
        return answer

    async def add_passkey(self, **members: object) -> dict[str, Any]:
        """Register a new passkey; return it."""
        answer = await self.post_passkey(self.authenticator.create(await self.creation_options()), **members)
        assert answer.status_code == 201, answer.text
        passkey: dict[str, Any] = answer.json()["passkey"]
        return passkey

    async def sign_in(self, credential: Credential | None = None, *, device: str = "") -> httpx.Response:
        """Sign in with a passkey."""
        signed = self.authenticator.get(await login_options(self.service), credential=credential)
        return await post_login(self.service, signed, headers={"Doorward-Device": device})

    def row(self) -> dict[str, Any]:
        """Return the row of the only passkey."""
        (row,) = self.rows()
        return row

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the passkeys."""
        return self.service.sql("SELECT * FROM passkeys WHERE user_id = %s", self.person.id)

    @property
    def user_id(self) -> UUID:
        return UUID(self.person.id)


async def login_options(service: Service) -> dict[str, Any]:
    answer = await service.call("POST", OPTIONS, json={})
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def post_login(service: Service, credential: object, **options: Any) -> httpx.Response:
    return await service.call("POST", LOGIN, json={"credential": credential}, **options)


def acr_and_amr_of(service: Service, access_token: str) -> tuple[int, list[str]]:
    """Return `acr` and `amr` of the session of a token."""
    session = service.session_of(access_token)
    return session["acr"], session["amr"]


async def new_keyring(service: Service, **traits: Any) -> Keyring:
    """Create an account without a passkey, and sign in."""
    person = await service.register()
    service.sql("UPDATE users SET email_verified_at = created_at WHERE id = %s", person.id)
    signed_in = pair(await service.post_login(person))
    return Keyring(service, person, signed_in, Authenticator(ORIGIN, **traits))


async def keyring_with_passkey(service: Service, **traits: Any) -> Keyring:
    """Create an account with one passkey."""
    keyring = await new_keyring(service, **traits)
    await keyring.add_passkey()
    return keyring
