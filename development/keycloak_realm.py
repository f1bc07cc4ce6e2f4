"""Creates the realm whose export the import tests use, in a newly started Keycloak.

  KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=admin bin/kc.sh start-dev --http-port 18080
  python -m development.keycloak_realm http://127.0.0.1:18080 admin admin

Then stop Keycloak, and write the file: ``bin/kc.sh export --realm example --users same_file --file realm.json``. The
tests use only its users: ``python -m development.keycloak_realm --users realm.json FILE``, where FILE is
``tests/unit/administration/keycloak_realm.txt``.
"""

import json
import sys
from pathlib import Path
from typing import Final

import requests

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of invented people
TIMEOUT_SECONDS: Final = 120
REALM: Final = "example"
PEOPLE: Final = {
    "ada": "argon2",
    "grace": "pbkdf2-sha512",
    "edsger": "pbkdf2-sha256",
    "barbara": "pbkdf2",
}
"""The hash algorithm of each user's password: the realm's password policy is changed before each user is created."""


def make_realm(base_url: str, admin: str, admin_password: str) -> None:
    """Create the realm and its users."""
    session = requests.Session()
    token = session.post(
        f"{base_url}/realms/master/protocol/openid-connect/token",
        data={"grant_type": "password", "client_id": "admin-cli", "username": admin, "password": admin_password},
        timeout=TIMEOUT_SECONDS,
    )
    token.raise_for_status()
    session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    realms = f"{base_url}/admin/realms"
    session.post(realms, json={"realm": REALM, "enabled": True}, timeout=TIMEOUT_SECONDS).raise_for_status()
    for name, algorithm in PEOPLE.items():
        policy = {"passwordPolicy": f"hashAlgorithm({algorithm})"}
        session.put(f"{realms}/{REALM}", json=policy, timeout=TIMEOUT_SECONDS).raise_for_status()
        user = {
            "username": name,
            "email": f"{name}@example.com",
            "emailVerified": name != "edsger",
            "enabled": name != "barbara",
            "firstName": name.title(),
            "lastName": "Example",
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        }
        session.post(f"{realms}/{REALM}/users", json=user, timeout=TIMEOUT_SECONDS).raise_for_status()


def keep_users(export: Path, kept: Path) -> None:
    """Write an export without its clients, roles and flows, which are long and not about users."""
    realm = json.loads(export.read_text(encoding="utf-8"))
    members = {name: realm[name] for name in ("id", "realm", "users", "keycloakVersion")}
    kept.write_text(json.dumps(members, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--users":
        keep_users(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        make_realm(*sys.argv[1:4])
