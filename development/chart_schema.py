"""deploy/helm/values.schema.json: the names of settings in it come from the code, so that Helm names a misspelt one."""

import json
from pathlib import Path
from typing import Final

from doorward.settings.config import FIELDS, SECRETS

PAGE: Final = Path("deploy/helm/values.schema.json")
OF_LIBRARIES: Final = {
    "pattern": "^((AWS|OTEL)_[A-Z0-9_]+|PYTHON[A-Z]+|PG[A-Z]+|SSL_CERT_FILE|SSL_CERT_DIR|TMPDIR|TZ)$"
}
"""Variables that AWS's library, OpenTelemetry's, OpenSSL and Python read by themselves, libpq's too."""

OF_THE_CHART: Final = frozenset({"host", "port"})
"""Settings that the chart itself gives; the value ``host`` says on which addresses the pods listen."""


def chart_schema() -> str:
    """Return the file with the current names. What holds a secret is no plain setting, but the file that has it is."""
    schema = json.loads(PAGE.read_text(encoding="utf-8"))
    names = FIELDS.keys() - OF_THE_CHART
    plain = {name.upper() for name in names if name not in SECRETS} | {f"{name.upper()}_FILE" for name in SECRETS}
    schema["definitions"]["setting"] = {"anyOf": [{"enum": sorted(plain)}, OF_LIBRARIES]}
    schema["definitions"]["anySetting"] = {"anyOf": [{"enum": sorted(name.upper() for name in names)}, OF_LIBRARIES]}
    return json.dumps(schema, indent=2) + "\n"
