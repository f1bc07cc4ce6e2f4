"""The proxies of deploy/proxies, each with its own file; only ports, certificates and addresses are changed."""

import contextlib
import os
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from development.traefik import program as traefik_program
from tests.programs import NOT_EXERCISED, find_program

ROOT: Final = Path(__file__).parents[2]
FILES: Final = ROOT / "deploy" / "proxies"
SERVICE: Final = "127.0.0.1:8000"
"""The address of doorward in the files."""

PROXY: Final = "127.0.0.1"
"""The source address of all proxies."""

NEVER_USED: Final = "127.0.0.254"
READY_SECONDS: Final = 60
CALL_SECONDS: Final = 60
APACHE_MODULES: Final = Path("/usr/lib/apache2/modules")


@dataclass(frozen=True)
class Place:
    """The folder, port and upstream of a proxy under test."""

    folder: Path
    port: int
    service: str
    """The host and port of the service."""

    certificate: Path
    """The file also contains the key."""

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@dataclass(frozen=True)
class Command:
    """The command and environment that start a proxy."""

    words: Sequence[str]
    environment: Mapping[str, str]


Prepare = Callable[[Place], Command]


def with_changes(file: str, changes: Mapping[str, str]) -> str:
    """Return a file of deploy/proxies with changes; fail if a text to be replaced is missing."""
    text = (FILES / file).read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, f"{file} lacks {before!r}"
        text = text.replace(before, after)
    return text


def nginx(place: Place, file: str = "nginx.conf", changes: Mapping[str, str] | None = None) -> Command:
    own = {
        "listen 443 ssl http2;": f"listen {PROXY}:{place.port} ssl http2;",
        "    listen [::]:443 ssl http2;\n": "",
        "/etc/ssl/doorward/cert.pem": str(place.certificate),
        "/etc/ssl/doorward/key.pem": str(place.certificate),
        SERVICE: place.service,
    }
    text = with_changes(file, {**own, **(changes or {})})
    # The redirect needs a port that the test may use.
    text = text.replace("    listen 80;\n    listen [::]:80;\n", f"    listen {NEVER_USED}:{place.port};\n")
    site = place.write("site.conf", text)
    folders = "".join(
        f"{kind}_temp_path {place.folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = place.write(
        "main.conf",
        f"{user}daemon off;\npid {place.folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{folders}include {site};\n}}\n",
    )
    return Command(
        [find_program("nginx", package="nginx"), "-e", "stderr", "-p", str(place.folder), "-c", str(main)], {}
    )


def haproxy(place: Place, file: str = "haproxy.cfg", changes: Mapping[str, str] | None = None) -> Command:
    own = {
        "bind :::443 v4v6": f"bind {PROXY}:{place.port}",
        "/etc/ssl/doorward/cert-and-key.pem": str(place.certificate),
        SERVICE: place.service,
    }
    text = with_changes(file, {**own, **(changes or {})})
    text = text.replace("bind :::80 v4v6", f"bind {NEVER_USED}:{place.port}")
    return Command([find_program("haproxy", package="haproxy"), "-db", "-f", str(place.write("haproxy.cfg", text))], {})


def caddy(place: Place) -> Command:
    address = f"https://auth.example.com:{place.port} {{\n\tbind {PROXY}\n\ttls {place.certificate} {place.certificate}"
    text = with_changes("Caddyfile", {"auth.example.com {": address, SERVICE: place.service})
    text = f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{text}"
    words = [
        find_program("caddy", package="caddy"),
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        str(place.write("Caddyfile", text)),
    ]
    return Command(words, {"HOME": str(place.folder)})


def apache(place: Place) -> Command:
    text = with_changes(
        "apache.conf",
        {
            "*:443": f"{PROXY}:{place.port}",
            "*:80": f"{NEVER_USED}:{place.port}",
            "/etc/ssl/doorward/cert.pem": str(place.certificate),
            "/etc/ssl/doorward/key.pem": str(place.certificate),
            SERVICE: place.service,
        },
    )
    enabled = ("mpm_event", "authz_core", "alias", "ssl", "headers", "proxy", "proxy_http")
    modules = "".join(f"LoadModule {each}_module {APACHE_MODULES}/mod_{each}.so\n" for each in enabled)
    account = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    main = (
        f"ServerRoot {place.folder}\nServerName localhost\nPidFile {place.folder}/pid\nErrorLog /dev/stderr\n"
        f"DefaultRuntimeDir {place.folder}\nMutex file:{place.folder}\n{modules}{account}"
        f"Listen {PROXY}:{place.port}\nListen {NEVER_USED}:{place.port}\n{text}"
    )
    words = [find_program("apache2", package="apache2"), "-X", "-f", str(place.write("apache.conf", main))]
    return Command(words, {})


def traefik(place: Place) -> Command:
    if not traefik_program.is_built():
        pytest.skip(f"What Traefik does was {NOT_EXERCISED}: it is not built. With Go: python -m development.traefik")
    certificate = str(place.certificate)
    own = {"/etc/ssl/doorward/cert.pem": certificate, "/etc/ssl/doorward/key.pem": certificate, SERVICE: place.service}
    dynamic = place.write("doorward.yaml", with_changes("traefik-doorward.yaml", own))
    static = with_changes(
        "traefik.yaml",
        {
            '":80"': f'"{NEVER_USED}:{place.port}"',
            '":443"': f'"{PROXY}:{place.port}"',
            "/etc/traefik/doorward.yaml\n": f"{dynamic}\n",
        },
    )
    # Disable update checks over the network.
    static += "global:\n  checkNewVersion: false\n  sendAnonymousUsage: false\n"
    return Command([str(traefik_program.PROGRAM), f"--configFile={place.write('traefik.yaml', static)}"], {})


@contextlib.contextmanager
def running(
    command: Command, folder: Path, is_ready: Callable[[], bool], seconds: int = READY_SECONDS
) -> Iterator[None]:
    """Run a program within the block. Its start and its end may take ``seconds`` each."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command.words,
            cwd=folder,
            env={"PATH": os.environ["PATH"], **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + seconds
        while not is_ready():
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(seconds)


class Front(httpx.HTTPTransport):
    """Connects every request, for any host, to a loopback port, from a source address of the test's choice."""

    def __init__(self, port: int, source: str, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, local_address=source, trust_env=False)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return super().handle_request(
            httpx.Request(
                request.method,
                request.url.copy_with(host=PROXY, port=self._port),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
        )


def client_at(port: int, source: str, context: ssl.SSLContext, base_url: str) -> httpx.Client:
    """Return a client with this source address, which connects to the proxy for every host."""
    return httpx.Client(transport=Front(port, source, context), base_url=base_url, timeout=CALL_SECONDS)
