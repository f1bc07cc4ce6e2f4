"""What the fuzz of the API finds in its service: callers, tokens of mails, and what can be administered."""

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
"""Called by those whom no administrator can change, since they alone have its scope."""
USERNAME: Final = "fuzz"
PASSWORD: Final = "not so common a password"  # noqa: S105 - of a service that is gone after the run
REFRESH_TOKENS: Final = 50
MAILED: Final = 20
ADMINISTERED: Final = 20
"""Users, webhooks, clients and resources that calls of administration change, so many of each."""


@dataclass(frozen=True)
class MailedTokens:
    """Tokens of mails that were sent to accounts of their own, each of which works once."""

    resets: list[str]
    verifications: list[str]


@dataclass(frozen=True)
class Account:
    """Somebody who is registered: an access token, and the refresh tokens of as many sessions."""

    access_token: str
    refresh_tokens: list[str]


@dataclass(frozen=True)
class Machine:
    """A client with a secret, and tokens that it got for itself."""

    id: str
    authorization: str
    access_tokens: list[str]


@dataclass(frozen=True)
class Prepared:
    """Who calls, and what there is for calls to be about."""

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
    """Register an account that requests draw from, and begin its sessions."""
    body = {"email": f"{username}@example.com", "username": username, "password": PASSWORD}
    login = {"username": username, "password": PASSWORD}
    with requests.Session() as session:
        # No proxy is asked, whatever the environment says.
        session.trust_env = False
        session.post(f"{base_url}/api/v1/auth/register", json=body, timeout=CALL_SECONDS).raise_for_status()
        answers = [
            session.post(f"{base_url}/api/v1/auth/token", data=login, timeout=CALL_SECONDS).json()
            for _ in range(sessions)
        ]
    return Account(answers[0]["access_token"], [answer["refresh_token"] for answer in answers[1:]])


def prepare(base_url: str, database_url: str, secret_key: str) -> Prepared:
    """Fill a service without users."""
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
    """Verify the address of the account that requests draw from: others set up no second factor."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE users SET email_verified_at = now() WHERE username = %s", [USERNAME])


def _add_machine(base_url: str, administrator: Account) -> Machine:
    """Have the administrator add a client that calls the standard endpoints."""
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
    """Register accounts, and store tokens for them as the worker does when it sends a mail."""
    mail = mailing(database_url, tokens_of({"SECRET_KEY": secret_key, "DATABASE_URL": database_url}))
    names = [f"{USERNAME}-mailed-{number}" for number in range(MAILED)]
    for name in names:
        await asyncio.to_thread(sign_in, base_url, name, 1)
    resets = [await mail(name, Purpose.PASSWORD_RESET) for name in names]
    return MailedTokens(resets, [await mail(name, Purpose.VERIFY_EMAIL) for name in names])


def _sign_in_administrator(base_url: str, database_url: str) -> Account:
    """Return somebody whose role gives all scopes but one, which all others have: their accounts stay as they are."""
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
    """Register users without a role, and return their ids: the administrator may do anything to them."""
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
    """Have the administrator add what calls change later; return the ids."""
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
    """Return the ids of the keys that can be revoked without ending what the tokens of clients are signed with."""
    headers = {"Authorization": f"Bearer {caller.access_token}"}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{base_url}{ADMINISTERED_KEYS}", headers=headers, timeout=CALL_SECONDS)
    answer.raise_for_status()
    return [key["kid"] for key in answer.json()["keys"] if key["state"] == "standby"]
