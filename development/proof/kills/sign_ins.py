"""Kills the service while users sign in to applications, in browsers and on devices.

Each change is atomic: sessions of browsers and applications, codes, pushed requests, devices, consent, registered
clients, audit events, and logout messages. Acknowledged changes are stored, a single-use value does not work again, and
a request that was lost before the commit can be sent again.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Final

import httpx
import psycopg

from development.proof.kills.commits import Moment, SignInCommit
from development.proof.kills.rounds import Outcome, wait_for_kill
from development.proof.kills.service import KillableService
from development.proof.kills.signed_in import JOURNEY, SignedIn, Step
from development.proof.kills.signed_in_check import Connection, check, judged
from development.proof.kills.signed_in_client import SignedInClient
from development.proof.service import MAIL
from development.proof.sign_ins import CALLBACK, DEVICE_CODE, SCOPE, Application, http_at
from doorward.api.oauth_services import OAuthServices
from doorward.domain.oauth.models import ClientContent
from doorward.domain.oauth.registration_models import InitialTokenContent
from doorward.settings.config import settings_from
from doorward.wiring.operations import opened_oauth

CLIENTS: Final = 3
SIGNING_IN: Final = {**MAIL, "CLIENT_REGISTRATION_ENABLED": "true"}
"""Settings with which users sign in to applications, and no logout messages are delivered."""

Point = tuple[SignInCommit, Moment]


class SignInRounds:
    """One service and its database, for any number of kills."""

    def __init__(
        self, service: KillableService, settings: Mapping[str, str], logout_uri: str = "https://app.example/logout"
    ) -> None:
        """Take the service, started with ``SIGNING_IN``, its settings, and the logout URI of applications."""
        self._logout_uri = logout_uri
        self._service = service
        self._settings = settings_from({name.lower(): value for name, value in settings.items()})
        self._database_url = settings["DATABASE_URL"]

    def kill(self, commit: SignInCommit, moment: Moment, outcome: Outcome) -> None:
        """Use the service until it is killed there; restart it; check the state."""
        people = self.use(point=(commit, moment))
        wait_for_kill(self._service)
        self._service.start()
        outcome.kills += 1
        outcome.people += len(people)
        outcome.sessions += sum(person.facts.sessions + person.facts.browsers for person in people)
        outcome.unknown += sum(person.pending is not None for person in people)
        outcome.wrong += self.check(people)

    def use(self, *, point: Point | None = None, journey: Sequence[Step] = JOURNEY) -> list[SignedIn]:
        """Let users use the service concurrently, until it is killed or all have completed their journey."""
        return asyncio.run(self._use(point, journey))

    async def _use(self, point: Point | None, journey: Sequence[Step]) -> list[SignedIn]:
        async with (
            opened_oauth(self._settings) as oauth,
            http_at(self._service.url) as http,
            await self._connect() as operator,
        ):
            # Delete the clients of earlier users: they would count towards the limits.
            await operator.execute("DELETE FROM oauth_clients WHERE client_id <> 'doorward'")
            await operator.execute("DELETE FROM oauth_registration_tokens")
            clients = [await self._client(oauth, http, operator) for _ in range(CLIENTS)]
            if point is not None:
                self._service.arm(*point, random.randint(1, CLIENTS))
            people = await asyncio.gather(*(client.live(journey) for client in clients))
        return [person for person in people if person is not None]

    async def _connect(self) -> Connection:
        return await psycopg.AsyncConnection.connect(self._database_url, autocommit=True)

    def judged(self, people: list[SignedIn]) -> list[str]:
        """Return the differences between the stored state and the responses to these users, one line each."""

        async def read() -> list[str]:
            async with await self._connect() as connection:
                return await judged(connection, people)

        return asyncio.run(read())

    def check(self, people: list[SignedIn]) -> list[str]:
        """Return the faults in the state of these users, one line each."""
        return asyncio.run(check(people, self._service.url, self._database_url))

    async def _client(self, oauth: OAuthServices, http: httpx.AsyncClient, operator: Connection) -> SignedInClient:
        """Add an application with all grants and a logout URI, and a registration token for a tool."""
        content = ClientContent(
            name="An application",
            grant_types=("authorization_code", "refresh_token", DEVICE_CODE),
            scopes=tuple(SCOPE.split()),
            redirect_uris=(CALLBACK,),
            backchannel_logout_uri=self._logout_uri,
        )
        made = await oauth.clients.create(None, content)
        client_id = made.client.client_id
        token = await oauth.registration_tokens.create(InitialTokenContent(client_id, tuple(SCOPE.split())))
        return SignedInClient(http, operator, Application(client_id, made.secret or ""), token)
