"""`inv demo --admin`: an administrator with a second factor, an invitation, a role, a deactivation and a webhook.

It needs a running `inv dev`: it finds that database, reads the mails page, and may call webhooks on this machine.
"""

import base64
import hashlib
import hmac
import html
import json
import queue
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import requests

from development.second_factor import OWN_TOTP, application_of
from development.walk import TIMEOUT_SECONDS, UnexpectedAnswerError, Walk

WEBHOOK_SECONDS: Final = 30
MAIL_SECONDS: Final = 30
_TOKEN: Final = re.compile(r"accept-invitation#token=([\w-]+)")

Received = tuple[Mapping[str, str], bytes]


class AdminDemo(Walk):
    """The tasks of an administrator, shown as shell commands, HTTP calls and webhook messages."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "/api/v1")
        self._mark = secrets.token_hex(4)
        self._password = secrets.token_urlsafe(12)

    def walk(self) -> None:
        """Create an administrator and a webhook; invite, promote and deactivate a user; show audit log and messages."""
        username = self._accept(self._create_admin(), f"admin-{self._mark}")
        admin = self._set_up_application(self._log_in(username, "The administrator logs in"))
        with _receiver() as (port, received):
            hook = self._call(
                "Add a webhook, with a receiver in this process",
                "POST",
                "/admin/webhooks",
                201,
                token=admin,
                json={"url": f"http://127.0.0.1:{port}/", "types": ["user.deactivated"]},
            )
            self._administer(admin)
            self._show_message(received, hook["secret"])
            self._call("Delete the webhook", "DELETE", f"/admin/webhooks/{hook['id']}", 204, token=admin)
        print("\nAll answers are as they should be.")

    def _create_admin(self) -> str:
        """Run `doorward create-admin`; return the token of the link that it prints."""
        email = f"admin-{self._mark}@example.com"
        self._say("Make an administrator from the shell")
        print(f"   doorward create-admin {email}")
        command = [sys.executable, "-m", "doorward", "create-admin", email]
        finished = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        found = _TOKEN.search(finished.stdout)
        if found is None:
            raise UnexpectedAnswerError(finished.stderr.strip() or "the command printed no link")
        print("   a link that works once, for 7 days")
        return found[1]

    def _accept(self, token: str, username: str) -> str:
        body = {"token": token, "username": username, "password": self._password}
        self._call(
            "The invited person chooses a name and a password", "POST", "/auth/invitations/accept", 201, json=body
        )
        return username

    def _log_in(self, username: str, title: str) -> str:
        login = {"username": username, "password": self._password}
        token: str = self._call(title, "POST", "/auth/token", 200, data=login)["access_token"]
        return token

    def _set_up_application(self, admin: str) -> str:
        """Enrol a second factor, as production requires; return the access token of the session that remains valid."""
        path = OWN_TOTP.removeprefix(self._prefix)
        enrolment = self._call("The administrator sets up an authenticator application", "POST", path, 200, token=admin)
        code = application_of(enrolment["secret"]).now()
        body = {"token": enrolment["token"], "code": code}
        confirmed = self._call("The application shows a code", "POST", f"{path}/confirm", 200, token=admin, json=body)
        token: str = confirmed["access_token"]
        return token

    def _administer(self, admin: str) -> None:
        email, role = f"ada-{self._mark}@example.com", f"reader-{self._mark}"
        self._call("Invite a person by mail", "POST", "/admin/invitations", 201, token=admin, json={"email": email})
        username = self._accept(self._token_of_mail(email), f"ada-{self._mark}")
        scopes = ["admin:users:read"]
        self._call("Define a role", "POST", "/admin/roles", 201, token=admin, json={"name": role, "scopes": scopes})
        person = self._log_in(username, "The person logs in")
        self._call("Without a role: no users to see", "GET", "/admin/users", 403, token=person)
        found = self._call("Find the person", "GET", f"/admin/users?email={email}", 200, token=admin)["users"]
        user = f"/admin/users/{found[0]['id']}"
        self._call("Give the role", "PATCH", user, 200, token=admin, json={"roles": [role]})
        self._call("It is felt at the next request", "GET", f"/admin/users?email={email}", 200, token=person)
        self._call("Deactivate the person", "POST", f"{user}/deactivate", 204, token=admin)
        self._call("Refused from the next request on", "GET", "/auth/me", 401, token=person)
        self._call("What was done, and by whom", "GET", f"{user}/audit?page_size=1", 200, token=admin)

    def _token_of_mail(self, email: str) -> str:
        """Wait for the mail on the development page of mails, and return the token of its link."""
        page = f"{self._url}/development/mails"
        for _ in range(MAIL_SECONDS * 5):
            listed = requests.get(page, timeout=TIMEOUT_SECONDS).text
            for address in re.findall(r'href="([^"]+)"', listed):
                if email not in html.unescape(listed):
                    break
                mail = requests.get(requests.compat.urljoin(page, address), timeout=TIMEOUT_SECONDS).text
                found = _TOKEN.search(html.unescape(mail))
                if found is not None and email in html.unescape(mail):
                    return found[1]
            threading.Event().wait(0.2)
        raise UnexpectedAnswerError(f"no mail for {email} at {page}")

    def _show_message(self, received: "queue.Queue[Received]", secret: str) -> None:
        """Wait for the webhook's message, and verify its signature as a receiver does."""
        self._say("The webhook's receiver is told")
        try:
            headers, body = received.get(timeout=WEBHOOK_SECONDS)
        except queue.Empty as error:
            raise UnexpectedAnswerError(f"no message within {WEBHOOK_SECONDS} seconds") from error
        if not is_signed(headers, body, secret):
            raise UnexpectedAnswerError("the message is not signed with the webhook's secret")
        print(f"   {json.dumps(json.loads(body))}")
        print("   signed with the webhook's secret")


def is_signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return whether one of the message's signatures was made with the secret (Standard Webhooks)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(hmac.compare_digest(each, expected) for each in headers["webhook-signature"].split())


@contextmanager
def _receiver() -> "Iterator[tuple[int, queue.Queue[Received]]]":
    """Serve a webhook receiver within the block; yield its port and the queue of received messages."""
    received: queue.Queue[Received] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Suppress the request log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, received
        finally:
            server.shutdown()
