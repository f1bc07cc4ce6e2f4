"""Clients that use second factors during kills: each makes one step at a time, and records it before and after."""

from dataclasses import asdict
from typing import Any, Final
from uuid import uuid4

import psycopg

from development.authenticator import Authenticator, encode
from development.client import ApiClient
from development.proof import second_factors
from development.proof.api import Answer, answer_to
from development.proof.kills.ledger import Ledger
from development.proof.kills.protected import REMOVALS, STEPS, Step
from development.proof.second_factors import ORIGIN, Application, FactorCall, present_step

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that exist for one kill
SUCCESS: Final = {200, 201, 204}
ASKED: Final = 403


class _UnknownError(Exception):
    """No response, or one that leaves the outcome unknown."""


class ProtectedClient:
    """Acts as one user after the other; every second one loses the factors, and an administrator resets them."""

    def __init__(
        self,
        api: ApiClient,
        ledger: Ledger,
        operator: psycopg.AsyncConnection[Any],
        administrator: str,
        last: Step = STEPS[-1],
    ) -> None:
        """Take the service, the ledger, the database, an administrator's access token, and the last step."""
        self._api = api
        self._ledger = ledger
        self._operator = operator
        self._administrator = administrator
        self._steps = STEPS[: STEPS.index(last) + 1]

    async def live(self, maximum_people: int) -> None:
        """Act as one user after the other, until a response is missing."""
        try:
            for number in range(maximum_people):
                await self._act_as_one_user(is_reset=number % 2 == 0)
        except _UnknownError:
            return

    async def _act_as_one_user(self, *, is_reset: bool) -> None:
        name = f"kept-{uuid4().hex[:16]}"
        user_id = str((await self._answer(self._api.post_register(name, f"{name}@example.com", PASSWORD))).body["id"])
        await self._operator.execute("UPDATE users SET email_verified_at = created_at WHERE id = %s", (user_id,))
        access = (await self._answer(self._api.post_token(name, PASSWORD))).access
        self._ledger.write({"person": name, "user_id": user_id, "access": access})
        person = _Person(self, name, user_id, access)
        for step in self._steps:
            if step not in (REMOVALS if is_reset else {"reset"}):
                await person.take(step)

    async def ask(self, call: FactorCall) -> Answer:
        """Make a call that changes nothing."""
        return await self._answer(call.send(self._api))

    async def mfa_token(self, name: str) -> str:
        """Start a login that needs a second factor; return its token."""
        answer = await self._answer(self._api.post_token(name, PASSWORD), {ASKED})
        return str(answer.body["mfa_token"])

    async def take(self, person: str, step: Step, number: int, call: FactorCall, shown: dict[str, Any]) -> Answer:
        """Make a call that changes something; record the values that it sends before."""
        self._ledger.write({"person": person, "step": step, "number": number, "call": asdict(call), **shown})
        answer = await self.ask(call)
        told = {"access": answer.body.get("access_token"), "codes": answer.body.get("recovery_codes", [])}
        self._ledger.write({"person": person, "told": step, **told})
        return answer

    def reset_of(self, user_id: str) -> FactorCall:
        """Return an administrator's call that resets all factors of a user."""
        return FactorCall("POST", f"/api/v1/admin/users/{user_id}/factors/reset", access=self._administrator)

    @staticmethod
    async def _answer(call: Any, due: set[int] = SUCCESS) -> Answer:  # noqa: ANN401 - the argument of answer_to
        answer = await answer_to(call)
        if not answer.is_conclusive:
            raise _UnknownError
        if answer.status not in due:
            raise RuntimeError(f"answered {answer.status}: {answer.body}")
        return answer


class _Person:
    """One user, with the values that each step sends."""

    def __init__(self, client: ProtectedClient, name: str, user_id: str, access: str) -> None:
        self._client = client
        self._name = name
        self._user_id = user_id
        self._access = access
        self._application = Application("")
        self._authenticator = Authenticator(ORIGIN)
        self._codes: list[str] = []
        self._passkey_id = ""
        self._step = 0

    async def take(self, step: Step) -> None:
        """Take a step. Raises ``_UnknownError`` if its response is missing."""
        number, call = await self._prepared(step)
        keys = self._authenticator.credentials
        shown = {
            "secret": self._application.secret,
            "credential": {"id": encode(keys[0].id), "key": keys[0].pem()} if keys else None,
        }
        answer = await self._client.take(self._name, step, number, call, shown)
        self._access = answer.body.get("access_token", self._access)
        self._codes = answer.body.get("recovery_codes") or self._codes
        if step == "passkey":
            self._passkey_id = answer.body["passkey"]["id"]

    async def _prepared(self, step: Step) -> tuple[int, FactorCall]:
        """Return the call, and the number that it sends: the time step of a code, or the counter of a signature."""
        match step:
            case "application" | "code login":
                return await self._prepared_code(step)
            case "proof by a recovery code":
                call = second_factors.prove(self._access, code=self._codes.pop(0))
            case "new codes":
                call = second_factors.make_codes(self._access)
            case "recovery code login":
                token = await self._client.mfa_token(self._name)
                call = second_factors.complete_by_recovery_code(token, self._codes.pop(0))
            case "application removed":
                call = second_factors.remove_totp(self._access)
            case "reset":
                call = self._client.reset_of(self._user_id)
            case _:
                return await self._prepared_passkey(step)
        return 0, call

    async def _prepared_code(self, step: Step) -> tuple[int, FactorCall]:
        """Return the call with a code of the application: the current one, and later the one after it."""
        if step == "code login":
            token, number = await self._client.mfa_token(self._name), self._step + 1
            return number, second_factors.complete(token, self._application.code(number))
        begun = (await self._client.ask(second_factors.begin_totp(self._access))).body
        self._application, self._step = Application(begun["secret"]), present_step()
        code = self._application.code(self._step)
        return self._step, second_factors.confirm_totp(self._access, begun["token"], code)

    async def _prepared_passkey(self, step: Step) -> tuple[int, FactorCall]:
        client, calls, authenticator = self._client, second_factors, self._authenticator
        if step == "passkey":
            options = (await client.ask(calls.creation_options(self._access))).body
            return 0, calls.add_passkey(self._access, authenticator.create(options))
        if step == "passkey removed":
            return 0, calls.remove_passkey(self._access, self._passkey_id)
        token = await client.mfa_token(self._name) if step == "passkey after the password" else None
        signed = authenticator.get((await client.ask(calls.request_options(token))).body)
        number = authenticator.credentials[0].sign_count
        return number, calls.sign_in(signed) if token is None else calls.complete_by_passkey(token, signed)
