"""Races of the first requests of a foreign subject: one user and one event are stored, by either copy."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from development.client import ITEMS
from development.proof.api import answer_to
from development.proof.races.administrators import Administrators
from development.proof.races.contests import CREATED, REFUSED, THROTTLED, apis_at, gather_limited, until_conclusive

AUDIENCE: Final = "items"
TOKEN_SECONDS: Final = 3600
KEY_ID: Final = "of-the-races"
OWNERS: Final = """
    SELECT users.id,
           (SELECT count(*) FROM audit_events WHERE audit_events.user_id = users.id AND type = 'user.external_created')
    FROM federated_identities JOIN users ON users.id = federated_identities.user_id
    WHERE subject = %s
"""
EXTERNAL_USERS: Final = "SELECT count(*) FROM users WHERE email IS NULL"
IDENTITIES: Final = "SELECT count(*) FROM federated_identities"
DEACTIVATE: Final = """
    UPDATE users SET is_active = false FROM federated_identities WHERE user_id = id AND subject = %s
"""


class ForeignIssuer:
    """An issuer with one key."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._key = ec.generate_private_key(ec.SECP256R1())

    def keys(self) -> bytes:
        """Return the JSON Web Key Set."""
        public: dict[str, Any] = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        public.pop("key_ops", None)
        return json.dumps({"keys": [{**public, "kid": KEY_ID, "alg": "ES256"}]}).encode()

    def setting(self) -> str:
        """Return the setting that makes the service trust the issuer."""
        entry = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "audiences": [AUDIENCE],
            "roles": {"editor": ["items:read", "items:write"]},
            "allow_private_addresses": True,
        }
        return json.dumps([entry])

    def token(self, subject: str) -> str:
        """Return an access token of a subject with the right to write."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "roles": ["editor"],
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"typ": "at+jwt", "kid": KEY_ID})


@contextmanager
def foreign_issuer() -> Iterator[ForeignIssuer]:
    """Run an issuer on loopback within the block."""
    made: list[ForeignIssuer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = made[0].keys()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Suppress the request log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.append(ForeignIssuer(f"http://127.0.0.1:{server.server_port}"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made[0]
    finally:
        server.shutdown()
        server.server_close()


async def one_subject(urls: list[str], uses: int, issuer: ForeignIssuer, people: Administrators) -> list[str]:
    """Make the first requests of one subject concurrently: all write, as one user, with one creation event."""
    subject = uuid4().hex
    token = issuer.token(subject)
    async with apis_at(urls) as apis:
        body = {"title": "An item"}
        calls = [answer_to(apis[number % len(apis)].items(token, "POST", ITEMS, json=body)) for number in range(uses)]
        answers = [answer for answer in await gather_limited(calls) if answer.is_conclusive]
        counts = Counter(answer.status for answer in answers)
        # The service limits the concurrent calls of one user.
        wrong = [] if {CREATED} <= counts.keys() <= {CREATED, THROTTLED} else [f"statuses {dict(counts)}"]
        owners = {str(answer.body.get("owner_id")) for answer in answers if answer.status == CREATED}
        rows = await people.sql(OWNERS, subject)
        if len(rows) != 1 or owners != {str(rows[0][0])} or rows[0][1] != 1:
            wrong.append(f"the items are of {len(owners)} users, {len(rows)} are stored, and events: {rows}")
        ((without_email,),), ((identities,),) = await people.sql(EXTERNAL_USERS), await people.sql(IDENTITIES)
        if without_email != identities:
            wrong.append(f"{without_email} users without an address, and {identities} identities")
        await people.sql(DEACTIVATE, subject)
        for api in apis:
            late = await until_conclusive(lambda api=api: api.items(token))  # type: ignore[misc] # bound now
            wrong += [] if late.status == REFUSED else [f"a deactivated subject is answered {late.status}"]
        return wrong
