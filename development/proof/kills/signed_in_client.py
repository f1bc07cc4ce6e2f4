"""Clients that sign in to applications during kills: each takes one step at a time, and records it before."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg

from development.proof.kills.signed_in import JOURNEY, SignedIn, Step, Taken, Tokens, after, is_done
from development.proof.sign_ins import (
    CALLBACK,
    DEVICE,
    ISSUER,
    OVERVIEW,
    PASSWORD,
    SCOPE,
    Application,
    Browser,
    LostAnswerError,
    PreparedRequest,
    code_of,
)

REGISTER: Final = "/oauth/register"
NEW_ACCOUNT: Final = "/api/v1/auth/register"
APPLICATIONS: Final = "/account/applications"
LOGOUT: Final = "/oauth/logout"
SESSION_COOKIE: Final = "doorward_session"


class SignedInClient:
    """Acts as one user, until the service is dead or the journey is complete."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        operator: psycopg.AsyncConnection[Any],
        application: Application,
        initial_token: str,
    ) -> None:
        """Take the service, its database, the application of this user, and a registration token."""
        self._http = http
        self._operator = operator
        self._application = application
        self._initial_token = initial_token
        self._browser = Browser(http)
        self._told: dict[str, Any] = {}
        """Members of the last responses to a registration, a pushed request, and a device authorization."""

    async def live(self, journey: Sequence[Step] = JOURNEY) -> SignedIn | None:
        """Take the steps until a response is missing; return the known state, or None if there is no account yet."""
        name = f"signed-in-{uuid4().hex[:16]}"
        try:
            body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
            made = await PreparedRequest("POST", NEW_ACCOUNT, body=body).send(self._http)
        except LostAnswerError:
            return None
        person = SignedIn(name, made.json()["id"], self._application)
        try:
            for step in journey:
                await self._take(person, step)
        except LostAnswerError:
            pass
        return person

    async def _take(self, person: SignedIn, step: Step) -> None:
        sent = await self._prepared(person, step)
        person.pending = Taken(step, sent)
        answer = await self._browser.send(sent)
        if not is_done(step, answer):
            raise RuntimeError(f"{step} was answered {answer.status_code}: {answer.text}")
        person.facts, person.pending = after(person.facts, step), None
        person.taken.append(Taken(step, sent))
        person.note(step)
        self._keep(person, step, answer)

    async def _prepared(self, person: SignedIn, step: Step) -> PreparedRequest:
        """Return the request of a step, after loading the pages that lead to it. Raises ``LostAnswerError``."""
        match step:
            case "exchange" | "replay" | "refresh" | "push":
                return self._prepared_call(person, step)
            case "show a code" | "poll" | "approve" | "deny" | "redeem":
                return await self._prepared_device(step)
            case "register" | "change" | "remove":
                return self._prepared_tool(person, step)
            case "take consent back" | "sign out" | "sign out everywhere":
                return await self._prepared_end(step)
            case _:
                return await self._prepared_page(person, step)

    def _prepared_call(self, person: SignedIn, step: Step) -> PreparedRequest:
        application = self._application
        if step == "push":
            return application.post("/oauth/par", **application.parameters(prompt="consent"))
        if step == "refresh":
            return application.refresh(person.sessions[-1].refresh)
        return application.exchange(person.codes[-1])

    async def _prepared_page(self, person: SignedIn, step: Step) -> PreparedRequest:
        browser, application = self._browser, self._application
        match step:
            case "sign in":
                return await browser.sign_in_form(person.name)
            case "agree":
                return browser.filled(await browser.get(application.address()), decision="allow")
            case "open the pushed":
                return browser.visit(application.address_of_pushed(self._told["request_uri"]))
            case "agree to the pushed":
                address = application.address_of_pushed(self._told["request_uri"])
                return browser.filled(await browser.get(address), decision="allow")
            case _:
                return browser.visit(application.address())

    async def _prepared_device(self, step: Step) -> PreparedRequest:
        if step == "show a code":
            return self._application.post("/oauth/device_authorization", scope=SCOPE)
        if step in {"approve", "deny"}:
            entered = self._browser.filled(await self._browser.get(DEVICE), user_code=self._told["user_code"])
            page = await self._browser.send(entered)
            return self._browser.filled(page, decision="allow" if step == "approve" else "deny")
        # Skip the five-second interval between two polls of a device.
        await self._operator.execute(
            "UPDATE oauth_devices SET polled_at = NULL WHERE client_id = %s", (self._application.id,)
        )
        return self._application.poll(self._told["device_code"])

    async def _prepared_end(self, step: Step) -> PreparedRequest:
        if step == "take consent back":
            return self._browser.filled(await self._browser.get(APPLICATIONS), "remove-consent")
        if step == "sign out":
            return self._browser.filled(await self._browser.get(LOGOUT), "logout")
        return self._browser.filled(await self._browser.get(OVERVIEW), "sign-out-everywhere")

    def _prepared_tool(self, person: SignedIn, step: Step) -> PreparedRequest:
        said = {"client_name": person.name, "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        if step == "register":
            return PreparedRequest(
                "POST", REGISTER, body=said, headers={"Authorization": f"Bearer {self._initial_token}"}
            )
        path = self._told["registration_client_uri"].removeprefix(ISSUER)
        headers = {"Authorization": f"Bearer {self._told['registration_access_token']}"}
        if step == "remove":
            return PreparedRequest("DELETE", path, headers=headers)
        return PreparedRequest("PUT", path, body={**said, "client_id": self._told["client_id"]}, headers=headers)

    def _keep(self, person: SignedIn, step: Step, answer: httpx.Response) -> None:
        """Store the values of a response."""
        match step:
            case "sign in":
                person.cookies.append(self._browser.cookies[SESSION_COOKIE])
                person.is_signed_in = True
            case "agree" | "get a code" | "agree to the pushed":
                person.codes.append(code_of(answer))
            case "exchange" | "redeem":
                body = answer.json()
                person.sessions.append(Tokens(body["access_token"], body["refresh_token"], step == "exchange"))
            case "refresh":
                session = person.sessions[-1]
                session.old.append(session.refresh)
                session.access, session.refresh = answer.json()["access_token"], answer.json()["refresh_token"]
            case "push" | "show a code" | "register":
                self._told |= answer.json()
                person.tool_id = self._told.get("client_id")
            case _:
                pass
