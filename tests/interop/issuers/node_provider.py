"""A running oidc-provider, an OpenID provider for Node: clients, sign-ins, keys."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import requests

from tests.interop.issuers.service import CALL_SECONDS
from tests.interop.programs import leave_out, node

FOLDER: Final = Path(__file__).parent / "oidc_provider"
SECRET: Final = "secret-of-the-job"
ES256: Final = "https://es256.example"
CALLBACK: Final = "http://127.0.0.1/callback"
_FORM: Final = re.compile(r'action="([^"]+)"')


class Provider:
    """The running provider."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.issuer = self._ready_issuer()

    def _ready_issuer(self) -> str:
        """Return the issuer when new keys sign; skip the provider's notices."""
        assert self._process.stdout is not None
        line = next((line for line in self._process.stdout if line.startswith("ready ")), "")
        assert line, "the provider has ended"
        return line.removeprefix("ready ").strip()

    def rotate_keys(self) -> None:
        """Add new keys that sign from now on; the previous ones stay in the key set."""
        assert self._process.stdin is not None
        self._process.stdin.write("rotate\n")
        self._process.stdin.flush()
        assert self._ready_issuer() == self.issuer

    def client_credentials(self, *, resource: str, scope: str) -> str:
        """Return an access token of a program."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
        return self._tokens("job", form)["access_token"]

    def code_flow(self, person: str, *, scope: str) -> dict[str, str]:
        """Return the tokens of a person who signs in and consents on the provider's own pages."""
        browser = requests.Session()
        query = {"client_id": "page", "response_type": "code", "redirect_uri": CALLBACK, "scope": f"openid {scope}"}
        page = browser.get(f"{self.issuer}/auth", params={**query, "resource": ES256}, timeout=CALL_SECONDS)
        page = submit(browser, page, {"prompt": "login", "login": person, "password": "any"})
        redirect = submit(browser, page, {"prompt": "consent"}, follows=False)
        while not redirect.headers["location"].startswith(CALLBACK):
            redirect = browser.get(redirect.headers["location"], allow_redirects=False, timeout=CALL_SECONDS)
        code = parse_qs(urlsplit(redirect.headers["location"]).query)["code"][0]
        return self._tokens("page", {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK})

    def _tokens(self, client: str, form: dict[str, str]) -> dict[str, str]:
        answer = requests.post(f"{self.issuer}/token", data=form, auth=(client, SECRET), timeout=CALL_SECONDS)
        assert answer.ok, answer.text
        tokens: dict[str, str] = answer.json()
        return tokens


def submit(
    browser: requests.Session, page: requests.Response, form: dict[str, str], *, follows: bool = True
) -> requests.Response:
    """Submit the form of one of the provider's pages."""
    action = _FORM.search(page.text)
    assert action is not None, page.text
    return browser.post(action[1], data=form, allow_redirects=follows, timeout=CALL_SECONDS)


@contextmanager
def node_provider(login_callback: str) -> Iterator[Provider]:
    """Run the provider on a free port; the client ``doorward`` redirects back to this URL."""
    if not (FOLDER / "node_modules").is_dir():
        leave_out("oidc-provider", f"npm ci --ignore-scripts --prefix {FOLDER.relative_to(Path.cwd())}")
    process = subprocess.Popen(
        [node(), "server.mjs", login_callback],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Provider(process)
    finally:
        process.kill()
        process.communicate()
