"""Writes setting names into deploy/helm/values.schema.json from the code, so that Helm reports a misspelt one."""

import json
from pathlib import Path
from typing import Final

from doorward.settings.config import FIELDS, SECRETS

PAGE: Final = Path("deploy/helm/values.schema.json")
OF_LIBRARIES: Final = {
    "pattern": "^((AWS|OTEL)_[A-Z0-9_]+|PYTHON[A-Z]+|PG[A-Z]+|SSL_CERT_FILE|SSL_CERT_DIR|TMPDIR|TZ)$"
}
"""Variables that the AWS SDK, OpenTelemetry, OpenSSL, libpq and Python read directly."""

OF_THE_CHART: Final = frozenset({"host", "port"})
"""Settings that the chart sets itself; its value ``host`` sets the addresses on which the pods listen."""


def chart_schema() -> str:
    """Return the schema with the current names.

    A secret is not a plain setting, but its `_FILE` variable is.
    """
    schema = json.loads(PAGE.read_text(encoding="utf-8"))
    names = FIELDS.keys() - OF_THE_CHART
    plain = {name.upper() for name in names if name not in SECRETS} | {f"{name.upper()}_FILE" for name in SECRETS}
    schema["definitions"]["setting"] = {"anyOf": [{"enum": sorted(plain)}, OF_LIBRARIES]}
    schema["definitions"]["anySetting"] = {"anyOf": [{"enum": sorted(name.upper() for name in names)}, OF_LIBRARIES]}
    return json.dumps(schema, indent=2) + "\n"
