"""Administration over HTTP, one module a flow. Each call needs a scope of today's roles."""

from collections.abc import Sequence
from typing import Final

from doorward.api.problems import Remedies
from doorward.api.routing import Call
from doorward.api.v1.admin import roles

REMEDIES: Final[Remedies] = {**roles.REMEDIES}


def calls() -> Sequence[Call]:
    """Return all calls of administration."""
    return [*roles.calls()]
