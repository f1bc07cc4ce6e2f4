"""A copy that cannot sign an access token starts and rotates no session; the client retries at another copy."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from development.client import PASSWORD, Pair, Person, new_person, pair
from development.client import TOKEN as LOGIN
from doorward.core.versions import any_version
from doorward.domain.administration.models import OPERATOR
from doorward.domain.keys.models import SIGNING_ALGORITHMS
from doorward.domain.oauth.models import ResourceContent
from tests.integration.accounts.own_account import signed_in
from tests.integration.keys.copies import SOON, make_copy
from tests.integration.mfa.protected import TOTP, Protected
from tests.integration.oauth.browsers import Application, Browser, application
from tests.integration.oauth.clients import OPERATOR as OPERATOR_OF_CLIENTS
from tests.integration.oauth.clients import ORDERS
from tests.integration.oauth.provider import ISSUER, TOKEN, Machine, Provider
from tests.integration.service import FakeClock, Logs, MakeService, Service, events, is_problem

NEW_PASSWORD: Final = "another correct horse"
FOR_ORDERS: Final = {"scopes": ("account", "orders:read"), "resources": (ORDERS,)}


@dataclass(frozen=True, slots=True)
class Copies:
    """``behind`` cannot decrypt the keys that ``ahead`` signs with. The token pair is older than these keys."""

    behind: Service
    ahead: Service
    person: Person
    pair: Pair


@pytest.fixture(params=["ES256", "RS256"])
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def make_copies(make_service: MakeService, database: str, clock: FakeClock, **changes: object) -> Copies:
    behind, ahead = await make_equal_copies(make_service, database, **changes)
    person, tokens = await behind.register_and_log_in()
    await replace_keys(behind, ahead, clock)
    return Copies(behind, ahead, person, tokens)


async def make_equal_copies(make_service: MakeService, database: str, **changes: object) -> tuple[Service, Service]:
    """Return two copies with the same keys. The first could not decrypt keys that the second stores."""
    old, new = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
    behind = await make_copy(make_service, database, SOON, encryption_keys=old, **changes)
    ahead = await make_copy(make_service, database, SOON, encryption_keys=f"{new},{old}", **changes)
    return behind, ahead


async def replace_keys(behind: Service, ahead: Service, clock: FakeClock) -> None:
    """Replace the signing keys by others that ``behind`` cannot decrypt. The earlier keys still verify tokens."""
    # The first rotation uses the standby that both can decrypt, and publishes one that only `ahead` can decrypt.
    for _ in range(2):
        await ahead.app.state.services.keys.administration.rotate(OPERATOR, at_once=True)
    key_set = behind.app.state.services.keys.key_set
    async with asyncio.timeout(60):
        # The copy reads the keys in a background task without an event to wait for.
        while any(key_set().can_sign(each, clock.now()) for each in SIGNING_ALGORITHMS):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


async def give_orders(service: Service, algorithm: str = "ES256") -> None:
    """Allow logins to request tokens of another service."""
    provider = Provider(service)
    await provider.resources.create(
        OPERATOR_OF_CLIENTS, ResourceContent(ORDERS, ("orders:read",), "RS256" if algorithm == "RS256" else "ES256")
    )
    await provider.clients.update(OPERATOR_OF_CLIENTS, "doorward", FOR_ORDERS, any_version)


async def post_login_for_orders(service: Service, person: Person) -> httpx.Response:
    form = {"username": person.username, "password": person.password, "resource": ORDERS}
    return await service.client.post(LOGIN, data=form)


def session_of(service: Service, person: Person) -> dict[str, Any]:
    """Return the only session of the person."""
    (session,) = service.sessions_of(person)
    return session


def is_unavailable(answer: httpx.Response) -> bool:
    return is_problem(answer, 503, "service_unavailable") and int(answer.headers["retry-after"]) > 0


async def test_a_refresh_that_cannot_be_signed_rotates_nothing(
    make_service: MakeService, own_database: str, clock: FakeClock, algorithm: str
) -> None:
    copies = await make_copies(make_service, own_database, clock, algorithm=algorithm)
    before = session_of(copies.ahead, copies.person)
    for _ in range(2):
        assert is_unavailable(await copies.behind.post_refresh(copies.pair.refresh))
    assert session_of(copies.ahead, copies.person) == before
    assert (await copies.ahead.post_refresh(copies.pair.refresh)).status_code == 200
    assert session_of(copies.ahead, copies.person)["generation"] == 1


async def test_a_refresh_for_a_resource_that_cannot_be_signed_rotates_nothing(
    make_service: MakeService, own_database: str, clock: FakeClock, algorithm: str, logs: Logs
) -> None:
    """The service's own tokens need no signing key here, and other sessions of the batch are refreshed."""
    copies = await make_copies(make_service, own_database, clock, algorithm="HS256")
    await give_orders(copies.ahead, algorithm)
    person = await copies.ahead.register()
    token = pair(await post_login_for_orders(copies.ahead, person)).refresh
    form = {"grant_type": "refresh_token", "client_id": "doorward", "refresh_token": token, "resource": ORDERS}
    refused, other, at_oauth = await asyncio.gather(
        copies.behind.post_refresh(token),
        copies.behind.post_refresh(copies.pair.refresh),
        copies.behind.client.post(TOKEN, data=form),
    )
    assert is_unavailable(refused)
    assert (at_oauth.status_code, at_oauth.json()["error"]) == (503, "temporarily_unavailable")
    assert other.status_code == 200
    assert session_of(copies.ahead, person)["generation"] == 0
    assert events(logs, "database.statement_late") == []
    assert (await copies.ahead.post_refresh(token)).status_code == 200


async def test_a_refresh_whose_id_token_cannot_be_signed_rotates_nothing(
    make_service: MakeService, own_database: str, clock: FakeClock
) -> None:
    """After a rotation without a response, the retry of the client would count as reuse and end the session."""
    service = await make_copy(make_service, own_database, SOON, public_url=ISSUER)
    provider, person = Provider(service), await service.register()
    app = await application(provider)
    refresh_token = (await app.tokens(Browser(provider), person))["refresh_token"]
    service.sql("DELETE FROM signing_keys WHERE algorithm = 'RS256'")
    key_set = service.app.state.services.keys.key_set
    async with asyncio.timeout(60):
        while key_set().can_sign("RS256", clock.now()):  # noqa: ASYNC110 - as in make_copies
            await asyncio.sleep(0.01)
    for _ in range(2):
        refused = await app.refresh(refresh_token)
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
    assert session_of(service, person)["generation"] == 0
    # A refresh without an ID token needs no such key.
    narrower = (await app.refresh(refresh_token, scope="profile")).json()
    assert "id_token" not in narrower
    await service.app.state.services.keys.administration.rotate(OPERATOR, at_once=True)
    assert "id_token" in (await app.refresh(narrower["refresh_token"])).json()


async def test_without_the_provider_a_session_for_a_resource_is_not_rotated(
    make_service: MakeService, own_database: str
) -> None:
    on = await make_service(database_url=own_database, public_url=ISSUER)
    await give_orders(on)
    person = await on.register()
    token = pair(await post_login_for_orders(on, person)).refresh
    off = await make_service(database_url=own_database)
    for _ in range(2):
        assert is_unavailable(await off.post_refresh(token))
    assert session_of(on, person)["generation"] == 0
    assert (await on.post_refresh(token)).status_code == 200


async def test_a_repeated_refresh_that_cannot_be_signed_ends_no_session(
    make_service: MakeService, own_database: str, clock: FakeClock
) -> None:
    leeway = {"refresh_token_reuse_leeway_seconds": 60}
    copies = await make_copies(make_service, own_database, clock, algorithm="HS256", **leeway)
    await give_orders(copies.ahead)
    person = await copies.ahead.register()
    token = pair(await post_login_for_orders(copies.ahead, person)).refresh
    successor = (await copies.ahead.refresh(token)).refresh
    assert is_unavailable(await copies.behind.post_refresh(token))
    assert (await copies.ahead.refresh(token)).refresh == successor


async def test_a_login_that_cannot_be_signed_starts_no_session(
    make_service: MakeService, own_database: str, clock: FakeClock, algorithm: str
) -> None:
    copies = await make_copies(make_service, own_database, clock, algorithm=algorithm)
    person = await copies.ahead.register()
    for each in (person, new_person()):
        assert is_unavailable(await copies.behind.post_login(each))
    assert copies.ahead.sessions_of(person) == []
    assert (await copies.ahead.post_login(person)).status_code == 200


async def test_a_login_for_a_resource_that_cannot_be_signed_starts_no_session(
    make_service: MakeService, own_database: str, clock: FakeClock, algorithm: str
) -> None:
    copies = await make_copies(make_service, own_database, clock, algorithm="HS256")
    await give_orders(copies.ahead, algorithm)
    person = await copies.ahead.register()
    assert is_unavailable(await post_login_for_orders(copies.behind, person))
    assert copies.ahead.sessions_of(person) == []
    assert (await copies.behind.post_login(person)).status_code == 200


async def test_a_second_factor_for_a_resource_that_cannot_be_signed_is_not_used_up(
    make_service: MakeService, own_database: str, clock: FakeClock, algorithm: str
) -> None:
    copies = await make_copies(make_service, own_database, clock, algorithm="HS256")
    await give_orders(copies.ahead, algorithm)
    owner = await signed_in(copies.ahead)
    copies.ahead.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.person.id)
    protected = await Protected.enrolled(owner)
    pending = await post_login_for_orders(copies.ahead, protected.person)
    body = {"mfa_token": pending.json()["mfa_token"], "code": protected.code()}
    assert is_unavailable(await copies.behind.client.post(TOTP, json=body))
    assert (await copies.ahead.client.post(TOTP, json=body)).status_code == 200


async def test_a_reauthentication_that_cannot_be_signed_changes_no_session(
    make_service: MakeService, own_database: str, clock: FakeClock
) -> None:
    copies = await make_copies(make_service, own_database, clock)
    before = session_of(copies.ahead, copies.person)
    assert is_unavailable(await copies.behind.post_reauthenticate(copies.pair.access, PASSWORD))
    assert session_of(copies.ahead, copies.person) == before
    assert (await copies.ahead.post_reauthenticate(copies.pair.access, PASSWORD)).status_code == 200


async def test_a_password_change_that_cannot_be_signed_changes_nothing(
    make_service: MakeService, own_database: str, clock: FakeClock
) -> None:
    copies = await make_copies(make_service, own_database, clock)
    before = session_of(copies.ahead, copies.person)
    assert is_unavailable(await copies.behind.post_password(copies.pair.access, PASSWORD, NEW_PASSWORD))
    assert session_of(copies.ahead, copies.person) == before
    assert (await copies.ahead.post_password(copies.pair.access, PASSWORD, NEW_PASSWORD)).status_code == 200


async def test_a_refresh_of_an_application_that_cannot_be_signed_rotates_nothing(
    make_service: MakeService, own_database: str, clock: FakeClock
) -> None:
    """The service's own tokens need no signing key here, and the response would contain no ID token."""
    behind, ahead = await make_equal_copies(make_service, own_database, algorithm="HS256", public_url=ISSUER)
    provider, person = Provider(ahead), await ahead.register()
    app = await application(provider)
    refresh_token = (await app.tokens(Browser(provider), person))["refresh_token"]
    await replace_keys(behind, ahead, clock)
    at_behind = Provider(behind)
    app_at_behind = Application(at_behind, Machine(at_behind, app.machine.client, app.machine.secret))
    for _ in range(2):
        refused = await app_at_behind.refresh(refresh_token, scope="profile")
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
    assert session_of(ahead, person)["generation"] == 0
    assert (await app.refresh(refresh_token, scope="profile")).status_code == 200


async def test_changes_in_a_session_of_an_application_that_cannot_be_signed_change_nothing(
    make_service: MakeService, own_database: str, clock: FakeClock
) -> None:
    """The service's own tokens need no signing key here, those of applications do."""
    behind, ahead = await make_equal_copies(make_service, own_database, algorithm="HS256", public_url=ISSUER)
    provider, person = Provider(ahead), await ahead.register()
    app = await application(provider, is_first_party=True, scopes=("account", "openid"))
    token = (await app.tokens(Browser(provider), person, scope="openid account"))["access_token"]
    before = session_of(ahead, person)
    await replace_keys(behind, ahead, clock)
    assert is_unavailable(await behind.post_reauthenticate(token, PASSWORD))
    assert is_unavailable(await behind.post_password(token, PASSWORD, NEW_PASSWORD))
    assert session_of(ahead, person) == before
    renewed = pair(await ahead.post_reauthenticate(token, PASSWORD))
    assert (await ahead.post_password(renewed.access, PASSWORD, NEW_PASSWORD)).status_code == 200
