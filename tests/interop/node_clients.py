"""Third-party clients in JavaScript: a module of `clients` for each, with a function for each flow."""

import json
from collections.abc import Mapping
from typing import Final

from development.client import Person
from tests.interop.flows import Client, Flow, Seen, Site, Try
from tests.interop.programs import FOLDER, node_package, run_node

FUNCTIONS: Final[Mapping[Flow, str]] = {
    Flow.LOGIN: "login",
    Flow.REFRESH: "refresh",
    Flow.REUSE: "reuse",
    Flow.LOGOUT: "logout",
    Flow.LOGOUT_BY_ACCESS_TOKEN: "logoutByAccessToken",
    Flow.CLIENT_CREDENTIALS: "actForItself",
    Flow.DISCOVERY: "findTheEndpoints",
    Flow.INTROSPECTION: "lookAtAToken",
}


def _try(package: str, module: str, function: str) -> Try:
    def run(site: Site, person: Person) -> Seen:
        node_package(package)
        arguments = (FOLDER / "clients" / "run.mjs", module, function)
        seen: list[str] = json.loads(run_node(*arguments, given=site.addresses(person)))
        return seen

    return run


def _client(package: str, module: str, lacks: tuple[Flow, ...] = ()) -> Client:
    return {flow: _try(package, module, function) for flow, function in FUNCTIONS.items() if flow not in lacks}


NODE_CLIENTS: Final[Mapping[str, Client]] = {
    "simple-oauth2": _client("simple-oauth2", "simple-oauth2", lacks=(Flow.DISCOVERY, Flow.INTROSPECTION)),
    "@badgateway/oauth2-client": _client("@badgateway/oauth2-client", "badgateway"),
    "openid-client": _client("openid-client", "openid-client"),
    "oauth4webapi": _client("oauth4webapi", "oauth4webapi"),
}
