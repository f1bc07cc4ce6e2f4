"""An OpenID provider for logins, on a loopback port; each part of its responses can be made invalid."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from doorward.domain.oauth.pkce import challenge_of
from tests.integration.federation.issuer import KEYS, METADATA, Issuer, document
from tests.unit.client_library.signing import key_set

CLIENT: Final = "doorward:client"
SECRET: Final = "a secret/of+the client"
CODE: Final = "the-code"


class LoginIssuer(Issuer):
    """Its responses: ``claims`` changes those of its ID tokens, ``metadata`` its configuration document."""

    def reset(self) -> None:
        """Respond correctly again."""
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.answers = {}
        self.token_body: bytes | None = None
        self.sign: Callable[[dict[str, Any]], str] | None = None
        self.exchanged: list[dict[str, str]] = []

    def provider(self, name: str, **changes: object) -> dict[str, Any]:
        """Return its entry in LOGIN_PROVIDERS."""
        return {
            "name": name,
            "label": f"The {name}",
            "issuer": self.url,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "allow_private_addresses": True,
            **changes,
        }

    def asked_at(self, address: str) -> dict[str, str]:
        """Return the parameters of the authorization request in this URL."""
        assert address.startswith(f"{self.url}/authorize?"), address
        self.request = dict(parse_qsl(urlsplit(address).query))
        return self.request

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split()[1]
            self.asked.append(path)
            headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            body = await reader.readexactly(int(headers.get("Content-Length", 0)))
            writer.write(self.answers.get(path) or self._answer(path, headers, body.decode()))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # The client has closed the connection, as some tests require.
            pass
        finally:
            writer.close()

    def _answer(self, path: str, headers: dict[str, str], body: str) -> bytes:
        if path == "/token":
            return self._exchange(headers, dict(parse_qsl(body)))
        description = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}{KEYS}",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }
        documents = {METADATA: json.dumps(description).encode(), KEYS: key_set(*self.listed)}
        return document(documents.get(path))

    def _exchange(self, headers: dict[str, str], form: dict[str, str]) -> bytes:
        """Exchange the code as in RFC 6749 and RFC 7636, once for each request."""
        self.exchanged.append(form)
        pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode().split(":")
        is_right = (
            [unquote_plus(each) for each in pair] == [CLIENT, SECRET]
            and form["code"] == CODE
            and form["redirect_uri"] == self.request["redirect_uri"]
            and challenge_of(form["code_verifier"]) == self.request["code_challenge"]
        )
        if not is_right:
            return document(b'{"error": "invalid_grant"}', status="400 Bad Request")
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.url,
            "sub": "subject",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": self.request["nonce"],
            # The provider's claims about addresses must not lead to an account.
            "email": "ada@example.com",
            "email_verified": True,
            **self.claims,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        token = (self.sign or self.key.sign)(present)
        answer = {"access_token": "not used", "token_type": "Bearer", "id_token": token}
        return document(json.dumps(answer).encode() if self.token_body is None else self.token_body)
