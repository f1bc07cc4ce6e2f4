"""Cognito, simulated by moto: its access tokens have a client id instead of an audience."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import boto3
import jwt
import pytest
from moto.server import ThreadedMotoServer

from tests.interop.issuers.service import ROLES, TrustingService, trusting

REGION: Final = "eu-central-1"
PASSWORD: Final = "Correct-Horse-1"
PERSON: Final = "ada@example.com"


@dataclass(frozen=True)
class Pool:
    """A user pool with two clients; ``tokens`` are of a person in a group."""

    issuer: str
    keys: str
    client_id: str
    tokens: dict[str, str]
    tokens_of_another_client: dict[str, str]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield make_pool(f"http://{host}:{port}")
    finally:
        server.stop()


def make_pool(url: str) -> Pool:
    credentials = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": REGION}
    cognito: Any = boto3.client("cognito-idp", endpoint_url=url, **credentials)
    pool_id = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    clients = [
        cognito.create_user_pool_client(
            UserPoolId=pool_id, ClientName=name, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        for name in ("page", "other page")
    ]
    cognito.sign_up(ClientId=clients[0], Username=PERSON, Password=PASSWORD)
    cognito.admin_confirm_sign_up(UserPoolId=pool_id, Username=PERSON)
    cognito.create_group(UserPoolId=pool_id, GroupName="items-editor")
    cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=PERSON, GroupName="items-editor")
    tokens, others = (
        cognito.initiate_auth(
            ClientId=client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": PERSON, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        for client in clients
    )
    return Pool(
        f"https://cognito-idp.{REGION}.amazonaws.com/{pool_id}",
        f"{url}/{pool_id}/.well-known/jwks.json",
        clients[0],
        tokens,
        others,
    )


@pytest.fixture(scope="module")
def service(pool: Pool, database_url: str) -> Iterator[TrustingService]:
    entry = {
        "issuer": pool.issuer,
        "jwks_uri": pool.keys,
        "preset": "cognito",
        "audiences": [pool.client_id],
        "roles": ROLES,
        "allow_private_addresses": True,
    }
    with trusting(database_url, entry) as service:
        yield service


def test_groups_of_a_person_grant_their_mapped_scopes(pool: Pool, service: TrustingService) -> None:
    token = pool.tokens["AccessToken"]
    assert "aud" not in jwt.decode(token, options={"verify_signature": False})
    assert service.statuses(token) == (200, 201)


def test_an_id_token_is_refused_as_an_access_token(pool: Pool, service: TrustingService) -> None:
    token = pool.tokens["IdToken"]
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == pool.client_id
    assert service.code(token) == "invalid_access_token"


def test_a_token_of_another_client_is_refused(pool: Pool, service: TrustingService) -> None:
    assert service.code(pool.tokens_of_another_client["AccessToken"]) == "invalid_access_token"
