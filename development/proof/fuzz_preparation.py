"""Prepares the service for the fuzzer of the API: callers, tokens of mails, and objects to administer."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
import requests

from benchmarks.processes import CALL_SECONDS
from development.proof.fuzz_provider import PreparedProvider, prepare_provider
from development.proof.races.mailed import mailing
from development.proof.service import tokens_of
from development.proof.sign_ins import CALLBACK, DEVICE_CODE
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.tokens.one_time_token import Purpose

ADMIN: Final = "/api/v1/admin/"
ADMINISTERED_KEYS: Final = f"{ADMIN}keys"
"""Called by the other users, whom the administrator cannot change, since they alone have its scope."""
USERNAME: Final = "fuzz"
PASSWORD: Final = "not so common a password"  # noqa: S105 - of a service that exists for one run only
REFRESH_TOKENS: Final = 50
MAILED: Final = 20
ADMINISTERED: Final = 20
"""The number of users, webhooks, clients and resources that calls of administration change, for each kind."""


@dataclass(frozen=True)
class MailedTokens:
    """Tokens from mails, each to a separate account; each token works once."""

    resets: list[str]
    verifications: list[str]


@dataclass(frozen=True)
class Account:
    """A registered account: an access token, and one refresh token for each of its sessions."""

    access_token: str
    refresh_tokens: list[str]


@dataclass(frozen=True)
class Machine:
    """A confidential client, and tokens that it was issued."""

    id: str
    authorization: str
    access_tokens: list[str]


@dataclass(frozen=True)
class Prepared:
    """The callers, and the objects that calls refer to."""

    account: Account
    administrator: Account
    mailed: MailedTokens
    user_ids: list[str]
    webhook_ids: list[str]
    client_ids: list[str]
    resource_ids: list[str]
    standby_kids: list[str]
    machine: Machine
    provider: PreparedProvider


def sign_in(base_url: str, username: str = USERNAME, sessions: int = 1 + REFRESH_TOKENS) -> Account:
    """Register the account whose values requests use, and start its sessions."""
    body = {"email": f"{username}@example.com", "username": username, "password": PASSWORD}
    login = {"username": username, "password": PASSWORD}
    with requests.Session() as session:
        # Ignore the proxy environment variables.
        session.trust_env = False
        session.post(f"{base_url}/api/v1/auth/register", json=body, timeout=CALL_SECONDS).raise_for_status()
        answers = [
            session.post(f"{base_url}/api/v1/auth/token", data=login, timeout=CALL_SECONDS).json()
            for _ in range(sessions)
        ]
    return Account(answers[0]["access_token"], [answer["refresh_token"] for answer in answers[1:]])


def prepare(base_url: str, database_url: str, secret_key: str) -> Prepared:
    """Create the data in a service without users."""
    mailed = asyncio.run(_mail_tokens(base_url, database_url, secret_key))
    administrator = _sign_in_administrator(base_url, database_url)
    user_ids = _add_users(base_url, database_url)
    names = range(ADMINISTERED)
    webhooks = [{"url": f"https://shop.example.com/hooks/{number}"} for number in names]
    clients = [{"name": f"Client {number}"} for number in names]
    resources = [{"identifier": f"https://resource-{number}.example"} for number in names]
    account = sign_in(base_url)
    _verify(database_url)
    return Prepared(
        account=account,
        administrator=administrator,
        mailed=mailed,
        user_ids=user_ids,
        webhook_ids=_add(base_url, administrator, "webhooks", webhooks),
        client_ids=_add(base_url, administrator, "clients", clients, id_member="client_id"),
        resource_ids=_add(base_url, administrator, "resources", resources),
        standby_kids=_list_standby_keys(base_url, account),
        machine=_add_machine(base_url, administrator),
        provider=prepare_provider(base_url, database_url, secret_key),
    )


def _verify(database_url: str) -> None:
    """Verify the address of the main account: a second factor needs a verified address."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE users SET email_verified_at = now() WHERE username = %s", [USERNAME])


def _add_machine(base_url: str, administrator: Account) -> Machine:
    """Add a client that calls the standard endpoints."""
    grants = ["client_credentials", "refresh_token", "authorization_code", DEVICE_CODE]
    body = {"name": "Machine", "grant_types": grants, "scopes": ["items:read"], "redirect_uris": [CALLBACK]}
    headers = {"Authorization": f"Bearer {administrator.access_token}"}
    with requests.Session() as session:
        session.trust_env = False
        made = session.post(f"{base_url}{ADMIN}clients", json=body, headers=headers, timeout=CALL_SECONDS)
        made.raise_for_status()
        client_id, secret = made.json()["client_id"], made.json()["client_secret"]
        basic = f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"
        answers = [
            session.post(
                f"{base_url}/oauth/token",
                data={"grant_type": "client_credentials"},
                headers={"Authorization": basic},
                timeout=CALL_SECONDS,
            ).json()
            for _ in range(ADMINISTERED)
        ]
    return Machine(client_id, basic, [answer["access_token"] for answer in answers])


async def _mail_tokens(base_url: str, database_url: str, secret_key: str) -> MailedTokens:
    """Register accounts, and store tokens for them like the worker does when it sends a mail."""
    mail = mailing(database_url, tokens_of({"SECRET_KEY": secret_key, "DATABASE_URL": database_url}))
    names = [f"{USERNAME}-mailed-{number}" for number in range(MAILED)]
    for name in names:
        await asyncio.to_thread(sign_in, base_url, name, 1)
    resets = [await mail(name, Purpose.PASSWORD_RESET) for name in names]
    return MailedTokens(resets, [await mail(name, Purpose.VERIFY_EMAIL) for name in names])


def _sign_in_administrator(base_url: str, database_url: str) -> Account:
    """Return an administrator without one scope that all other accounts have, so that those stay unchanged."""
    administrator = sign_in(base_url, f"{USERNAME}-admin", 1)
    with psycopg.connect(database_url) as connection:
        for name, is_kept in (("fuzz-admin", False), ("fuzz-other", True)):
            scopes = [scope for scope in AdminScope if (scope is AdminScope.KEYS_WRITE) is is_kept]
            connection.execute(
                "INSERT INTO roles (name, description, scopes) VALUES (%(name)s, '', %(scopes)s)",
                {"name": name, "scopes": scopes},
            )
        connection.execute("ALTER TABLE users ALTER COLUMN roles SET DEFAULT '{fuzz-other}'")
        connection.execute(
            "UPDATE users SET roles = CASE username WHEN %(name)s THEN '{fuzz-admin}' ELSE '{fuzz-other}' END::text[]",
            {"name": f"{USERNAME}-admin"},
        )
    return administrator


def _add_users(base_url: str, database_url: str) -> list[str]:
    """Register users without a role, whom the administrator may change in any way; return their ids."""
    names = [f"{USERNAME}-administered-{number}" for number in range(ADMINISTERED)]
    for name in names:
        sign_in(base_url, name, 1)
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "UPDATE users SET roles = '{}' WHERE username = ANY(%(names)s) RETURNING id", {"names": names}
        )
        return [str(user_id) for (user_id,) in found]


def _add(
    base_url: str, administrator: Account, path: str, bodies: Sequence[Mapping[str, str]], *, id_member: str = "id"
) -> list[str]:
    """Add objects that calls change later, as the administrator; return the ids."""
    headers = {"Authorization": f"Bearer {administrator.access_token}"}
    with requests.Session() as session:
        session.trust_env = False
        answers = [
            session.post(f"{base_url}{ADMIN}{path}", json=body, headers=headers, timeout=CALL_SECONDS)
            for body in bodies
        ]
    for answer in answers:
        answer.raise_for_status()
    return [answer.json()[id_member] for answer in answers]


def _list_standby_keys(base_url: str, caller: Account) -> list[str]:
    """Return the ids of the keys that can be revoked without invalidating the tokens of clients."""
    headers = {"Authorization": f"Bearer {caller.access_token}"}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{base_url}{ADMINISTERED_KEYS}", headers=headers, timeout=CALL_SECONDS)
    answer.raise_for_status()
    return [key["kid"] for key in answer.json()["keys"] if key["state"] == "standby"]
