"""Each route enforces its scope: a valid token without the scope is refused."""

import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from development.client import ME
from doorward.api.policy import NeedsScope
from doorward.api.routing import PolicyRoute
from doorward.core.principal import Principal, SignIn
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.keys import ACCESS_TOKEN_PURPOSE, derive_key
from doorward.settings.config import first_party_issuer
from doorward.wiring.auth import lifetimes_of
from tests.integration.service import Service, claims_of, is_problem


@pytest.fixture
def service(lasting_service: Service) -> Service:
    """An application shared by these tests, which do not change it."""
    return lasting_service


def _with_scopes(service: Service, access: str, *scopes: str) -> str:
    """Return a token of the same session with these scopes."""
    claims = claims_of(access)
    signer = AccessTokens(
        key=derive_key(service.settings.keys.secret_key.get_secret_value().encode(), ACCESS_TOKEN_PURPOSE),
        algorithm="HS256",
        issuer=first_party_issuer(service.settings.tokens, service.settings.browsers),
        audience=service.settings.tokens.jwt_audience,
        lifetime=lifetimes_of(service.settings).access,
    )
    principal = Principal(UUID(claims["sub"]), UUID(claims["sid"]), claims["client_id"], frozenset(scopes))
    return signer.sign(principal, SignIn(service.clock.now(), 1, ("pwd",)), service.clock.now())


def _guarded(service: Service) -> Iterator[PolicyRoute]:
    for route in service.app.routes:
        assert isinstance(route, PolicyRoute)
        if isinstance(route.policy.access, NeedsScope):
            yield route


async def test_a_token_without_the_scope_is_refused_by_every_route_that_requires_it(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    routes = list(_guarded(service))
    assert len(routes) > 5
    for scopes in (("other",), ("accounts", "ACCOUNT")):
        headers = {"Authorization": f"Bearer {_with_scopes(service, pair.access, *scopes)}"}
        for route in routes:
            assert isinstance(route.policy.access, NeedsScope)
            path = re.sub(r"{\w+}", str(uuid4()), route.path_format.replace("{message_id}", "1"))
            answer = await service.client.request(route.call.method, path, headers=headers)
            assert is_problem(answer, 403, "insufficient_scope"), (route, answer.text)
            assert (
                (answer.headers["www-authenticate"])
                == f'Bearer realm="doorward", error="insufficient_scope", scope="{route.policy.access.scope}"'
            )


async def test_a_token_with_the_scope_among_others_is_accepted(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    assert (await service.get_me(_with_scopes(service, pair.access, "other", "account"))).status_code == 200


async def test_a_missing_scope_is_reported_only_for_a_live_session(service: Service) -> None:
    _, pair = await service.register_and_log_in()
    narrow = _with_scopes(service, pair.access, "other")
    assert (await service.post_revoke(pair.refresh)).status_code == 204
    assert is_problem(await service.get_me(narrow), 401, "invalid_access_token")
    assert is_problem(await service.client.get(ME), 401, "missing_access_token")
