"""Third-party programs with the files of examples/sign_in, in which only addresses are changed."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx

from development.ports import LOOPBACK, free_port
from tests.browser.applications import App
from tests.deployment.proxies import APACHE_MODULES, Command, running
from tests.interop.programs import leave_out, node, node_package, python_package
from tests.programs import find_program

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples" / "sign_in"
BUNDLE: Final = Path("dist") / "browser" / "oidc-client-ts.min.js"

HUB_SECONDS: Final = 300
"""JupyterHub imports more code than any other program here."""


def example(name: str, changes: Mapping[str, str]) -> str:
    """Return a file of examples/sign_in with changes; fail if a text to be replaced is missing."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, f"{name} lacks {before!r}"
        text = text.replace(before, after)
    return text


class Echo(BaseHTTPRequestHandler):
    """An application that returns the header fields of each request."""

    def do_GET(self) -> None:
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Files(SimpleHTTPRequestHandler):
    """A server for the files of a folder."""

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(handler: Any, port: int = 0) -> Iterator[str]:
    """Run a server in a thread; yield host and port."""
    with ThreadingHTTPServer((LOOPBACK, port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def answers(url: str, status: int = 200) -> bool:
    """Return whether a program has started. Certificates are not verified, because loading them is slow."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url, trust_env=False, verify=False).status_code == status
    return False


def debian_module(path: Path, package: str) -> Path:
    """Return a module of a Debian package; if it is missing, skip, or fail in the gate."""
    return path if path.exists() else leave_out(str(path), f"apt-get install {package}")


@contextlib.contextmanager
def apache(folder: Path, issuer: str, port: int, app: App) -> Iterator[str]:
    """Run Apache with mod_auth_openidc in front of an application; yield its URL."""
    module = debian_module(APACHE_MODULES / "mod_auth_openidc.so", "libapache2-mod-auth-openidc")
    enabled = ("mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http")
    loaded = "".join(f"LoadModule {each}_module {APACHE_MODULES}/mod_{each}.so\n" for each in enabled)
    account = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    site = f"http://localhost:{port}"
    passphrase = folder / "passphrase"
    passphrase.write_text("of this test")
    with serving(Echo) as echo:
        text = example(
            "apache.conf",
            {
                "https://auth.example.com": issuer,
                "https://app.example.com": site,
                "dwc_EXAMPLE": app.client_id,
                "dws_EXAMPLE": app.secret,
                "/etc/apache2/openid-passphrase": str(passphrase),
                "127.0.0.1:9000": echo,
            },
        )
        configuration = folder / "apache.conf"
        configuration.write_text(
            f"ServerRoot {folder}\nServerName localhost\nPidFile {folder}/pid\nErrorLog /dev/stderr\n"
            f"DefaultRuntimeDir {folder}\nMutex file:{folder}\n{loaded}LoadModule auth_openidc_module {module}\n"
            f"{account}Listen {LOOPBACK}:{port}\nDocumentRoot {APACHE_MODULES}\n"
            "<Directory />\nAllowOverride None\nRequire all granted\n</Directory>\n"
            f"<VirtualHost *:{port}>\n{text}</VirtualHost>\n"
        )
        words = [find_program("apache2", package="apache2"), "-X", "-f", str(configuration)]
        with running(Command(words, {}), folder, lambda: answers(f"{site}/", 404)):
            yield site


def write_single_page(folder: Path, app: App, issuer: str, changes: Mapping[str, str]) -> None:
    """Write the single-page application, and the library that it uses as installed by npm."""
    folder.mkdir()
    bundle = (node_package("oidc-client-ts") / BUNDLE).read_bytes()
    (folder / BUNDLE.name).write_bytes(bundle)
    for name in ("index.html", "app.js"):
        (folder / name).write_text(example(f"single_page/{name}", {}))
    own = {"https://auth.example.com": issuer, "dwc_EXAMPLE": app.client_id, **changes}
    (folder / "settings.js").write_text(example("single_page/settings.js", own))


@contextlib.contextmanager
def nginx(folder: Path, issuer: str, port: int, basic: str) -> Iterator[str]:
    """Run nginx with the single-page application of a folder, and with its API behind introspection."""
    module = debian_module(Path("/usr/lib/nginx/modules/ngx_http_js_module.so"), "libnginx-mod-http-js")
    with serving(Echo) as echo:
        text = example(
            "nginx.conf",
            {
                "listen 443 ssl http2;": f"listen {LOOPBACK}:{port};",
                "    ssl_certificate /etc/ssl/app/cert.pem;\n": "",
                "    ssl_certificate_key /etc/ssl/app/key.pem;\n": "",
                "/etc/nginx/introspection.js": str(EXAMPLES / "introspection.js"),
                "/srv/single_page": str(folder / "single_page"),
                "https://auth.example.com": issuer,
                "ID_AND_SECRET": basic,
                "127.0.0.1:9000": echo,
            },
        )
        (folder / "site.conf").write_text(text)
        folders = "".join(
            f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        main = folder / "main.conf"
        main.write_text(
            f"load_module {module};\n{user}daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
            f"http {{\ninclude /etc/nginx/mime.types;\naccess_log off;\n{folders}include {folder}/site.conf;\n}}\n"
        )
        words = [find_program("nginx", package="nginx"), "-e", "stderr", "-p", str(folder), "-c", str(main)]
        site = f"http://{LOOPBACK}:{port}"
        with running(Command(words, {}), folder, lambda: answers(f"{site}/settings.js")):
            yield site


@contextlib.contextmanager
def jupyterhub(folder: Path, issuer: str, port: int, app: App) -> Iterator[str]:
    """Run JupyterHub and its proxy; yield its URL."""
    python_package("oauthenticator")
    proxy = node_package("configurable-http-proxy") / "bin" / "configurable-http-proxy"
    site = f"http://{LOOPBACK}:{port}"
    text = example(
        "jupyterhub_config.py",
        {
            "https://auth.example.com": issuer,
            "http://127.0.0.1:8000": site,
            "https://hub.example.com": site,
            "dwc_EXAMPLE": app.client_id,
            "dws_EXAMPLE": app.secret,
        },
    )
    # Test environment only: use free ports, and a start page that starts no notebook.
    text += (
        f'c.JupyterHub.hub_bind_url = "http://{LOOPBACK}:{free_port()}"\n'
        f'c.ConfigurableHTTPProxy.api_url = "http://{LOOPBACK}:{free_port()}"\n'
        f'c.ConfigurableHTTPProxy.command = ["{node()}", "{proxy}"]\n'
        f'c.JupyterHub.default_url = "/hub/home"\n'
    )
    configuration = folder / "jupyterhub_config.py"
    configuration.write_text(text)
    words = [sys.executable, "-m", "jupyterhub", "--config", str(configuration)]
    command = Command(words, {"HOME": str(folder)})
    with running(command, folder, lambda: answers(f"{site}/hub/login"), HUB_SECONDS):
        yield site
